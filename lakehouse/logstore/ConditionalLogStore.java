package lakehouse.logstore;

import io.delta.storage.HadoopFileSystemLogStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Iterator;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A Delta log store whose entries can never be overwritten, on S3 (conditional put) and on a local disk (hard link).
 */
public class ConditionalLogStore extends HadoopFileSystemLogStore {
  private static final String CONDITIONAL = "fs.option.create.conditional.overwrite";

  public ConditionalLogStore(Configuration configuration) {
    super(configuration);
  }

  @Override
  public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration configuration)
      throws IOException {
    byte[] content = toBytes(actions);
    FileSystem fileSystem = path.getFileSystem(configuration);
    try {
      if ("file".equals(fileSystem.getUri().getScheme())) {
        link(path, content, overwrite);
      } else {
        put(fileSystem, path, content, overwrite);
      }
    } catch (IOException error) {
      if (overwrite || !fileSystem.exists(path)) {
        throw error;
      }
      if (!Arrays.equals(content, read(fileSystem, path))) {
        throw new FileAlreadyExistsException(path.toString());
      }
    }
  }

  @Override
  public Boolean isPartialWriteVisible(Path path, Configuration configuration) {
    return false;
  }

  private static void put(FileSystem fileSystem, Path path, byte[] content, boolean overwrite) throws IOException {
    FSDataOutputStreamBuilder<?, ?> builder = fileSystem.createFile(path).overwrite(true).recursive();
    if (!overwrite) {
      builder.must(CONDITIONAL, true);
    }
    try (FSDataOutputStream stream = builder.build()) {
      stream.write(content);
    }
  }

  private static void link(Path path, byte[] content, boolean overwrite) throws IOException {
    java.nio.file.Path target = Paths.get(path.toUri().getPath());
    Files.createDirectories(target.getParent());
    java.nio.file.Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      Files.write(temporary, content);
      if (overwrite) {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } else {
        Files.createLink(target, temporary);
      }
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static byte[] read(FileSystem fileSystem, Path path) throws IOException {
    try (InputStream stream = fileSystem.open(path)) {
      return stream.readAllBytes();
    }
  }

  private static byte[] toBytes(Iterator<String> actions) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    while (actions.hasNext()) {
      bytes.write(actions.next().getBytes(StandardCharsets.UTF_8));
      bytes.write('\n');
    }
    return bytes.toByteArray();
  }
}
