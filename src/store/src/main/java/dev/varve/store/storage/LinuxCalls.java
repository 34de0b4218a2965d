package dev.varve.store.storage;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;

/**
 * The calls of Linux's C library that a file needs. {@link java.nio.channels.FileChannel} makes the
 * same ones, but closes the file for everybody when a thread is interrupted in one; here an
 * interrupt is nothing that a call sees.
 *
 * <p>Numbers of flags and errors are those of Linux on x86-64 and AArch64 (asm-generic/fcntl.h,
 * asm-generic/errno-base.h, asm-generic/errno.h, linux/fs.h).
 */
@SuppressWarnings("restricted") // calling C is what this class is for
final class LinuxCalls {
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0x40;
  private static final int O_EXCL = 0x80;
  private static final int O_CLOEXEC = 0x80000;

  private static final int OWN_MODE = 0666; // less the process's umask, as every program's files

  private static final int ENOENT = 2;
  private static final int EINTR = 4;
  private static final int EACCES = 13;
  private static final int EEXIST = 17;
  private static final int ENFILE = 23;
  private static final int EMFILE = 24;
  private static final int ENOSPC = 28;
  private static final int EDQUOT = 122;

  private static final int SEEK_END = 2;
  private static final int SYNC_FILE_RANGE_WRITE = 2;
  private static final long MESSAGE_BYTES_MAX = 256;

  /** Whether these calls can be made here. */
  static final boolean AVAILABLE =
      System.getProperty("os.name", "").toLowerCase(Locale.ROOT).equals("linux")
          && Set.of("amd64", "aarch64").contains(System.getProperty("os.arch", ""));

  /** In which the JDK hands paths to the system; what it could not encode is no {@code Path}. */
  private static final Charset PATHS =
      Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

  /** Where a call leaves its error number. */
  static final StructLayout STATE = Linker.Option.captureStateLayout();

  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final AddressLayout POINTER = ValueLayout.ADDRESS;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private static final MethodHandle OPEN =
      call(
          "open", FunctionDescriptor.of(INT, POINTER, INT, INT), Linker.Option.firstVariadicArg(2));
  private static final MethodHandle CLOSE = call("close", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle PREAD =
      call("pread", FunctionDescriptor.of(LONG, INT, POINTER, LONG, LONG));
  private static final MethodHandle PWRITE =
      call("pwrite", FunctionDescriptor.of(LONG, INT, POINTER, LONG, LONG));
  private static final MethodHandle LSEEK =
      call("lseek", FunctionDescriptor.of(LONG, INT, LONG, INT));
  private static final MethodHandle FTRUNCATE =
      call("ftruncate", FunctionDescriptor.of(INT, INT, LONG));
  private static final MethodHandle FSYNC = call("fsync", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle FDATASYNC = call("fdatasync", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle SYNC_FILE_RANGE =
      call("sync_file_range", FunctionDescriptor.of(INT, INT, LONG, LONG, INT));
  private static final MethodHandle STRERROR =
      Linker.nativeLinker().downcallHandle(symbol("strerror"), FunctionDescriptor.of(POINTER, INT));

  private LinuxCalls() {}

  private static MethodHandle call(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    Linker.Option[] all = Arrays.copyOf(options, options.length + 1);
    all[options.length] = Linker.Option.captureCallState("errno");
    return Linker.nativeLinker().downcallHandle(symbol(name), descriptor, all);
  }

  private static MemorySegment symbol(String name) {
    return Linker.nativeLinker().defaultLookup().findOrThrow(name);
  }

  /**
   * Opens a file.
   *
   * @param create makes it, and fails if it exists
   * @param name the file's name in an exception
   */
  static int open(CallMemory memory, String file, boolean writable, boolean create, String name)
      throws IOException {
    int flags = O_CLOEXEC | (writable ? O_RDWR : 0) | (create ? O_CREAT | O_EXCL : 0);
    MemorySegment state = memory.state();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom(file, PATHS);
      int opened;
      do {
        opened = (int) OPEN.invokeExact(state, path, flags, OWN_MODE);
      } while (opened < 0 && interrupted(state));
      if (opened < 0) {
        throw failure(state, name);
      }
      return opened;
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /** Closes a file. Its number is free then, whatever is thrown, and must not be closed again. */
  static void close(CallMemory memory, int file, String name) throws IOException {
    MemorySegment state = memory.state();
    try {
      if ((int) CLOSE.invokeExact(state, file) < 0 && !interrupted(state)) {
        throw failure(state, name);
      }
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /** Reads at most so many bytes at an offset; 0 at the end of the file. */
  static long read(
      CallMemory memory, int file, MemorySegment into, long bytes, long offset, String name)
      throws IOException {
    MemorySegment state = memory.state();
    try {
      long read;
      do {
        read = (long) PREAD.invokeExact(state, file, into, bytes, offset);
      } while (read < 0 && interrupted(state));
      if (read < 0) {
        throw failure(state, name);
      }
      return read;
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /** Writes at least one and at most so many bytes at an offset. */
  static long write(
      CallMemory memory, int file, MemorySegment from, long bytes, long offset, String name)
      throws IOException {
    MemorySegment state = memory.state();
    try {
      long written;
      do {
        written = (long) PWRITE.invokeExact(state, file, from, bytes, offset);
      } while (written < 0 && interrupted(state));
      if (written < 0) {
        throw failure(state, name);
      }
      return written;
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /** A file's size in bytes. */
  static long size(CallMemory memory, int file, String name) throws IOException {
    MemorySegment state = memory.state();
    try {
      // Moves the file's position, which nothing here goes by.
      long size = (long) LSEEK.invokeExact(state, file, 0L, SEEK_END);
      if (size < 0) {
        throw failure(state, name);
      }
      return size;
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /** Gives a file another size. */
  static void resize(CallMemory memory, int file, long size, String name) throws IOException {
    MemorySegment state = memory.state();
    try {
      int answer;
      do {
        answer = (int) FTRUNCATE.invokeExact(state, file, size);
      } while (answer < 0 && interrupted(state));
      if (answer < 0) {
        throw failure(state, name);
      }
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /** Makes a file's bytes, and what metadata is needed to read them back, durable. */
  static void syncData(CallMemory memory, int file, String name) throws IOException {
    MemorySegment state = memory.state();
    try {
      int answer;
      do {
        answer = (int) FDATASYNC.invokeExact(state, file);
      } while (answer < 0 && interrupted(state));
      if (answer < 0) {
        throw failure(state, name);
      }
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /**
   * Starts to write a file's bytes to the disk and waits for none. Where that is not possible it is
   * no failure: the next sync does it all, and tells what could not be written.
   */
  static void writeBack(CallMemory memory, int file, long offset, long bytes) throws IOException {
    MemorySegment state = memory.state();
    try {
      int answer;
      do {
        answer =
            (int) SYNC_FILE_RANGE.invokeExact(state, file, offset, bytes, SYNC_FILE_RANGE_WRITE);
      } while (answer < 0 && interrupted(state));
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /** Makes a directory's entries durable. */
  static void syncAll(CallMemory memory, int file, String name) throws IOException {
    MemorySegment state = memory.state();
    try {
      int answer;
      do {
        answer = (int) FSYNC.invokeExact(state, file);
      } while (answer < 0 && interrupted(state));
      if (answer < 0) {
        throw failure(state, name);
      }
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /** A signal, of which the JVM has its own, came in between: the call is to be made again. */
  private static boolean interrupted(MemorySegment state) {
    return (int) ERRNO.get(state, 0L) == EINTR;
  }

  private static IOException failure(MemorySegment state, String name) throws Throwable {
    int number = (int) ERRNO.get(state, 0L);
    MemorySegment text = (MemorySegment) STRERROR.invokeExact(number);
    String message = text.reinterpret(MESSAGE_BYTES_MAX).getString(0, StandardCharsets.ISO_8859_1);
    return failure(number, name, message);
  }

  /** What an error number of the C library is in Java. */
  static IOException failure(int number, String name, String message) {
    return switch (number) {
      case ENOENT -> new NoSuchFileException(name);
      case EEXIST -> new FileAlreadyExistsException(name);
      case EACCES -> new AccessDeniedException(name);
      case ENOSPC, EDQUOT ->
          new DiskFullException(name, new FileSystemException(name, null, message));
      // Not in the user's language: there it could not be told from others.
      case ENFILE, EMFILE -> new FileSystemException(name, null, OpenFiles.NO_DESCRIPTOR);
      default -> new FileSystemException(name, null, message);
    };
  }

  /** Calls of C throw nothing; what the code around them throws goes on as it is. */
  private static IOException thrown(Throwable e) {
    return switch (e) {
      case IOException failure -> failure;
      case RuntimeException fault -> throw fault;
      case Error fault -> throw fault;
      default -> throw new AssertionError(e);
    };
  }
}
