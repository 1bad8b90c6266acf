import com.sun.source.util.JavacTask;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Writer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.tools.DiagnosticCollector;
import javax.tools.Diagnostic;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/**
 * Says of program after program whether javac takes it: attributed and flow-checked in memory, no class is written.
 *
 * <p>A request is a length (four bytes, big-endian) and as many bytes of UTF-8; an answer is one byte, {@code 1} or
 * {@code 0}. A {@code 1} is sent first, when the compiler is ready. The end of the requests ends the process.
 */
class CompileServer {
    private static final List<String> OPTIONS = List.of("-proc:none", "-nowarn", "-Xlint:none");

    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    private final StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);

    CompileServer() throws IOException {
        files.setLocation(StandardLocation.CLASS_PATH, List.of());
        files.setLocation(StandardLocation.SOURCE_PATH, List.of());
    }

    /** Whether there is no error; a program on which the compiler itself breaks has one. */
    boolean takes(String text) {
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        try {
            var task = compiler.getTask(Writer.nullWriter(), files, found, OPTIONS, null, List.of(new Program(text)));
            ((JavacTask) task).analyze();
        } catch (IOException | RuntimeException | StackOverflowError | AssertionError error) {
            return false;
        }
        return found.getDiagnostics().stream().noneMatch(each -> each.getKind() == Diagnostic.Kind.ERROR);
    }

    /** A file in memory that may hold a public class of any name. */
    private static final class Program extends SimpleJavaFileObject {
        private final String text;

        Program(String text) {
            super(URI.create("memory:///Program.java"), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            return kind == Kind.SOURCE;
        }
    }

    public static void main(String[] arguments) throws IOException {
        DataInputStream requests = new DataInputStream(System.in);
        PrintStream answers = System.out;
        CompileServer server = new CompileServer();
        answers.write('1');
        answers.flush();
        while (!answers.checkError()) {
            byte[] text;
            try {
                text = new byte[requests.readInt()];
                requests.readFully(text);
            } catch (EOFException end) {
                return;
            }
            answers.write(server.takes(new String(text, StandardCharsets.UTF_8)) ? '1' : '0');
            answers.flush();
        }
    }
}
