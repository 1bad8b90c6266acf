"""Names that are never given to an identifier, as tables: keywords first, then what every program sees."""

from __future__ import annotations

import builtins
import keyword
import re

_C_KEYWORDS = """
alignas alignof asm auto bool break case char const constexpr continue default do double else enum extern false float
for goto if inline int long noreturn NULL nullptr register restrict return short signed sizeof static static_assert
struct switch thread_local true typedef typeof typeof_unqual union unsigned void volatile while
_Alignas _Alignof _Atomic _BitInt _Bool _Complex _Decimal128 _Decimal32 _Decimal64 _Generic _Imaginary _Noreturn
_Static_assert _Thread_local defined offsetof wchar_t char8_t char16_t char32_t
"""

_C_TYPES = """
size_t ssize_t ptrdiff_t intptr_t uintptr_t intmax_t uintmax_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t
uint64_t int_fast8_t int_fast16_t int_fast32_t int_fast64_t uint_fast8_t uint_fast16_t uint_fast32_t uint_fast64_t
int_least8_t int_least16_t int_least32_t int_least64_t uint_least8_t uint_least16_t uint_least32_t uint_least64_t
max_align_t nullptr_t sig_atomic_t wint_t mbstate_t fpos_t time_t clock_t div_t ldiv_t lldiv_t va_list jmp_buf FILE DIR
off_t pid_t uid_t gid_t mode_t dev_t ino_t nlink_t socklen_t sa_family_t in_addr_t in_port_t pthread_t pthread_mutex_t
key_t useconds_t suseconds_t blksize_t blkcnt_t fd_set u_char u_short u_int u_long uint ushort ulong
"""

_C_MACROS = """
EOF BUFSIZ FILENAME_MAX SEEK_SET SEEK_CUR SEEK_END stdin stdout stderr errno assert complex imaginary I
va_start va_arg va_end va_copy setjmp EXIT_SUCCESS EXIT_FAILURE RAND_MAX CLOCKS_PER_SEC
CHAR_BIT CHAR_MAX CHAR_MIN SCHAR_MAX SCHAR_MIN UCHAR_MAX SHRT_MAX SHRT_MIN USHRT_MAX INT_MAX INT_MIN UINT_MAX LONG_MAX
LONG_MIN ULONG_MAX LLONG_MAX LLONG_MIN ULLONG_MAX SIZE_MAX SSIZE_MAX PATH_MAX INT8_MAX INT8_MIN UINT8_MAX INT16_MAX
INT16_MIN UINT16_MAX INT32_MAX INT32_MIN UINT32_MAX INT64_MAX INT64_MIN UINT64_MAX FLT_MAX FLT_MIN DBL_MAX DBL_MIN
FLT_EPSILON DBL_EPSILON HUGE_VAL INFINITY NAN M_PI M_E TRUE FALSE MIN MAX ABS min max
EPERM ENOENT EINTR EIO EBADF EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST ENODEV EINVAL ENOSPC EPIPE EDOM ERANGE ENOSYS
ENOTSUP ETIMEDOUT SIGINT SIGTERM SIGKILL SIGSEGV SIGABRT SIGALRM SIGPIPE SIGCHLD SIGUSR1 SIGUSR2
O_RDONLY O_WRONLY O_RDWR O_CREAT O_TRUNC O_APPEND O_NONBLOCK stat linux unix i386 major minor makedev sa_handler
isnan isinf isfinite signbit fpclassify
"""

_C_LOWER_CASE_MACROS = """
and and_eq bitand bitor compl not not_eq or or_eq xor xor_eq no_argument optional_argument required_argument
math_errhandling h_addr h_errno d_fileno s6_addr s6_addr16 s6_addr32 sa_sigaction sched_priority st_atime st_ctime
st_mtime si_addr si_arch si_band si_fd si_int si_lower si_overrun si_pid si_pkey si_ptr si_signo si_status si_stime
si_syscall si_timerid si_uid si_upper si_utime si_value
"""

_C_FUNCTIONS = """
abort abs accept access acos alarm asctime asin atan atan2 atexit atof atoi atol atoll bcmp bcopy bind bsearch bzero
calloc cbrt ceil chdir chmod chown clearerr clock close closedir connect copysign cos cosh ctime difftime div dup dup2
erf execl execv execve execvp exit exp exp2 expm1 fabs fclose fcntl fdopen feof ferror fflush ffs fgetc fgetpos fgets
fileno floor fma fmax fmin fmod fopen fork fprintf fputc fputs fread free freopen frexp fscanf fseek fsetpos fstat fsync
ftell ftruncate fwrite getc getchar getcwd getenv getopt getpid gets gmtime htonl htons hypot ioctl isalnum isalpha
iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit kill labs ldexp ldiv listen llabs llrint
llround localtime log log10 log1p log2 longjmp lrint lround lseek lstat main malloc memchr memcmp memcpy memmove memset
mkdir mktime mmap modf munmap ntohl ntohs open opendir pause perror pipe poll popen pow pread printf putc putchar puts
pwrite qsort raise rand read readdir realloc recv recvfrom remainder remove rename rewind rint rmdir round scanf select
send sendto setbuf setenv setlocale setsockopt setvbuf shutdown sigaction signal sin sinh sleep snprintf socket sprintf
sqrt srand sscanf strcasecmp strcat strchr strcmp strcoll strcpy strcspn strdup strerror strftime strlen strncasecmp
strncat strncmp strncpy strnlen strpbrk strrchr strspn strstr strtod strtof strtok strtol strtold strtoll strtoul
strtoull strxfrm system tan tanh tgamma time tmpfile tmpnam tolower toupper trunc ungetc unlink usleep vfprintf vprintf
vsnprintf vsprintf wait waitpid wcslen wcscpy wcscmp write
"""

_C_MORE_FUNCTIONS = """
a64l acct acosh adjtime aligned_alloc alloca alphasort arc4random arc4random_buf arc4random_uniform asinh at_quick_exit
atanh basename be16toh be32toh be64toh brk btowc c16rtomb c32rtomb cabs cacos cacosh call_once carg casin casinh catan
catanh ccos ccosh cexp chroot cimag clearenv clog closefrom confstr conj cpow cproj creal creat crypt csin csinh csqrt
ctan ctanh ctermid daemon dirfd dirname dlclose dlerror dlopen dlsym dprintf drand48 drem duplocale ecvt erand48 erfc
explicit_bzero faccessat fchdir fchmod fchmodat fchown fchownat fcvt fdatasync fdim fdopendir fgetwc fgetws finite
flockfile fmemopen fpathconf fputwc fputws freeaddrinfo freelocale fseeko fstatat ftello ftrylockfile funlockfile
futimens futimes fwide fwprintf fwscanf gai_strerror gamma gcvt herror htobe16 htobe32 htobe64 htole16 htole32 htole64
ilogb imaxabs imaxdiv index initstate j0 j1 jn jrand48 killpg l64a lchmod lchown le16toh le32toh le64toh lgamma link
linkat lldiv localeconv lockf logb lrand48 lutimes madvise mallinfo mallinfo2 malloc_info malloc_stats malloc_trim
malloc_usable_size mallopt mincore mkdirat mkdtemp mkfifo mkfifoat mknod mknodat mkstemp mkstemps mktemp mlock mlockall
mprotect mrand48 msync munlock munlockall nan nanosleep nearbyint newlocale nextafter nexttoward nice nrand48 on_exit
open_memstream open_wmemstream openat pathconf pclose preadv pselect putenv putw putwc putwchar pvalloc pwritev qecvt
qfcvt qgcvt quick_exit random readlink readlinkat readv reallocarray realpath recvmsg remquo renameat rewinddir rindex
sbrk scalb scalbln scalbn scandir seed48 seekdir sendmsg sockatmark socketpair srand48 srandom stpcpy stpncpy swprintf
swscanf symlink symlinkat sync syscall sysconf telldir tempnam timegm timelocal timeradd timerclear timercmp timerisset
timersub timespec_get truncate ttyname tzset ualarm umask ungetwc unlinkat unsetenv uselocale utimensat utimes valloc
vdprintf vfork vfscanf vfwprintf vfwscanf vhangup vscanf vsscanf vswprintf vswscanf vwprintf vwscanf wcpcpy wcpncpy
wcrtomb wctob wctomb wctrans wctype wprintf writev wscanf y0 y1 yn
clrbit daylight environ err error errx howmany optarg opterr optind optopt powerof2 program_invocation_name roundup
signgam timezone tzname verr verrx vwarn vwarnx warn warnx
_Exit _exit dcgettext dgettext exp10 ffsl ffsll getdelim getline getopt gettext isascii isblank iswalnum iswalpha
iswblank iswcntrl iswdigit iswgraph iswlower iswprint iswpunct iswspace iswupper iswxdigit memmem mempcpy memrchr pow10
rawmemchr roundeven significand sincos stpcpy strcasestr strchrnul strfmon strlcat strlcpy strndup strsep strsignal
strtok_r strverscmp toascii towlower towupper
"""

_JAVA_KEYWORDS = """
abstract assert boolean break byte case catch char class const continue default do double else enum extends final
finally float for goto if implements import instanceof int interface long native new package private protected public
return short static strictfp super switch synchronized this throw throws transient try void volatile while true false
null _ exports module non open opens permits provides record requires sealed to transitive uses var when with yield
"""

_JAVA_TYPES = """
AbstractMethodError Appendable ArithmeticException ArrayIndexOutOfBoundsException ArrayStoreException AssertionError
AutoCloseable Boolean BootstrapMethodError Byte CharSequence Character Class ClassCastException ClassCircularityError
ClassFormatError ClassLoader ClassNotFoundException ClassValue CloneNotSupportedException Cloneable Comparable Compiler
Deprecated Double Enum EnumConstantNotPresentException Error Exception ExceptionInInitializerError Float
FunctionalInterface IO IllegalAccessError IllegalAccessException IllegalArgumentException IllegalCallerException
IllegalMonitorStateException IllegalStateException IllegalThreadStateException IncompatibleClassChangeError
IndexOutOfBoundsException InheritableThreadLocal InstantiationError InstantiationException Integer InternalError
InterruptedException Iterable LayerInstantiationException LinkageError Long MatchException Math Module ModuleLayer
NegativeArraySizeException NoClassDefFoundError NoSuchFieldError NoSuchFieldException NoSuchMethodError
NoSuchMethodException NullPointerException Number NumberFormatException Object OutOfMemoryError Override Package Process
ProcessBuilder ProcessHandle Readable Record ReflectiveOperationException Runnable Runtime RuntimeException
RuntimePermission SafeVarargs ScopedValue SecurityException SecurityManager Short StackOverflowError StackTraceElement
StackWalker StrictMath String StringBuffer StringBuilder StringIndexOutOfBoundsException StringTemplate
SuppressWarnings System Thread ThreadDeath ThreadGroup ThreadLocal Throwable TypeNotPresentException UnknownError
UnsatisfiedLinkError UnsupportedClassVersionError UnsupportedOperationException VerifyError VirtualMachineError Void
WrongThreadException java javax
"""

_JAVA_METHODS = "clone equals finalize getClass hashCode main notify notifyAll toString wait"

_FRAMEWORK_METHODS = """
accept actionPerformed add afterExecute apply applyAsInt call characters clone close compare compareTo comparing
configure contains containsKey contextDestroyed contextInitialized describeConstable destroy dispose doFilter doGet
doInBackground doPost endElement equals execute finalize focusGained focusLost forEach forEachRemaining get getAsInt
getColumnCount getColumnName getDeclaringClass getItem getItemCount getMessage getRowCount getSize getValueAt getView
handle handleMessage hasMoreElements hasNext hashCode init initialize isEmpty itemStateChanged iterator keyPressed
keyReleased keyTyped length main mouseClicked mouseDragged mouseEntered mouseExited mouseMoved mousePressed
mouseReleased name naturalOrder next nextElement nullsFirst nullsLast onClick onCreate onPause onReceive onResume
onStart onStop ordinal paint paintComponent perform process put read readExternal readObject readObjectNoData
readResolve remove repaint reset reverseOrder reversed run service set setUp setValueAt size spliterator start
startElement stateChanged stop tearDown test thenComparing toArray toString update valueChanged valueOf values visit
windowClosed windowClosing write writeExternal writeObject writeReplace
"""

FRAMEWORK_METHODS: frozenset[str] = frozenset(_FRAMEWORK_METHODS.split())
"""Methods of wide-spread Java types: what looks like a plain method may implement one."""

ACCESSORS = re.compile(r"(add|do|get|has|is|on|remove|set|to)[A-Z]\w*")
"""Names that methods of Java's classes customarily have, also of those that a class inherits from."""

_PYTHON_2 = """
apply basestring buffer cmp coerce execfile file intern long raw_input reduce reload unichr unicode xrange
"""

_PYTHON_KEYWORDS = {*keyword.kwlist, *keyword.softkwlist, "async", "await", "exec", "print", "match", "case", "type"}

KEYWORDS: dict[str, frozenset[str]] = {
    "c": frozenset(_C_KEYWORDS.split()),
    "java": frozenset(_JAVA_KEYWORDS.split()),
    "python": frozenset(_PYTHON_KEYWORDS),
}
"""Language → the words of its grammar."""

RESERVED: dict[str, frozenset[str]] = {
    "c": KEYWORDS["c"] | frozenset(f"{_C_TYPES} {_C_MACROS} {_C_LOWER_CASE_MACROS} {_C_FUNCTIONS}".split()),
    "java": KEYWORDS["java"] | frozenset(f"{_JAVA_TYPES} {_JAVA_METHODS}".split()),
    "python": KEYWORDS["python"] | frozenset({*dir(builtins), *_PYTHON_2.split(), "self", "cls"}),
}
"""Language → its keywords, and the names that mean something in any program."""

LIBRARY_FUNCTIONS: frozenset[str] = RESERVED["c"] | frozenset(_C_MORE_FUNCTIONS.split())
"""What headers of C and POSIX declare: a variable may hide it, a function may not take its name."""

LIBRARY_PREFIXES = re.compile(
    r"(is|to|str|mem|wcs|wmem|mb|fe|sig|tc|cf|exec|wait|get|set|end)[a-z0-9]\w*|\w+(printf|scanf|_unlocked|_[rl])|"
    r"(atomic|bswap|clock|cnd|inet|mtx|posix|pthread|sched|sem|shm|thrd|timer|tss)_\w+"
)
"""Names that ISO C (7.31, future library directions) and POSIX keep for functions of headers, or use for families."""
