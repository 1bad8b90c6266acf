"""What GraphCodeBERT needs beside the code: the data flow as rows, and a network that reads them."""
