package dev.varve.store.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.varve.store.storage.PosixStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a long run list costs those who write and read it. */
class RunListHeapTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final long LENGTH = 200L << 20;
  private static final long ALLOCATED_MOST = 8 << 20;

  @TempDir Path directory;

  /** Guard: the buffers of {@link ChecksummedOutput} and {@link ChecksummedInput}. */
  @Test
  void twoHundredMebibytesPassThroughASmallHeap() throws IOException {
    PosixStorage storage = new PosixStorage(directory);
    try (StorageFile file = storage.create("r.runs")) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      SegmentId source = new SegmentId(1, 2);
      RunListWriter writer = new RunListWriter(file, new SegmentId(1, 9), List.of(source));
      long count = 0;
      for (; writer.lengthMost(1) < LENGTH; count++) {
        writer.dropped(0, count * 60 % (1 << 30), 60, count % 2 == 0, count);
      }
      writer.finish(0, 0);
      RunListReader reader = new RunListReader(file, "r.runs");
      long read = 0;
      while (reader.next()) {
        read++;
      }
      assertEquals(count, read);
      assertTrue(file.size() > LENGTH - 100);
      long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
      assertTrue(allocated < ALLOCATED_MOST, allocated + " bytes of the heap");
    }
  }
}
