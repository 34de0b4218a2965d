package dev.varve.cli;

import dev.varve.client.VarveClient;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Drives a store with a YCSB core workload. */
@Command(
    name = "load",
    description = {
      "Load records, run a YCSB core workload on them and print latency percentiles.",
      "A: 50 %% reads, 50 %% updates; B: 95/5; C: reads; D: 95 %% reads of the latest, 5 %% inserts;",
      "E: 95 %% short scans (by key prefix, as the store has no order), 5 %% inserts; F: 50 %% reads, 50 %% read-modify-write."
    })
final class LoadCommand implements Callable<Integer> {
  /** How the items of an operation are chosen. */
  enum Distribution {
    /** Zipfian, or latest for workload D. */
    WORKLOAD,
    /** Some popular items. */
    ZIPFIAN,
    /** All as likely. */
    UNIFORM,
    /** The latest are popular. */
    LATEST
  }

  private final VarveCommand varve;

  @Option(names = "--workload", paramLabel = "A..F", description = "Default: A")
  private Workload workload = Workload.A;

  @Option(
      names = "--distribution",
      paramLabel = "zipfian|uniform|latest",
      description = "Which items are popular. Default: the workload's")
  private Distribution distribution = Distribution.WORKLOAD;

  @Option(names = "--records", paramLabel = "N", description = "Records to load. Default: 10000")
  private long records = 10_000;

  @Option(names = "--threads", paramLabel = "N", description = "Operations at once. Default: 16")
  private int threads = 16;

  @Option(names = "--duration", paramLabel = "DURATION", description = "How long. Default: 60s")
  private Duration duration = Duration.ofSeconds(60);

  @Option(
      names = "--value-size",
      paramLabel = "SIZE",
      description = "Bytes of a value. Default: 1000, as 10 fields of 100")
  private ByteSize valueSize = new ByteSize(1000);

  @Option(names = "--no-load", description = "The records are there from an earlier run")
  private boolean noLoad;

  @Mixin private KeyspaceOption keyspace = new KeyspaceOption();

  LoadCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (records < 1 || threads < 1 || threads > 10_000) {
      throw new UsageException("--records must be positive, --threads 1 to 10000");
    }
    if (valueSize.bytes() > 16 << 20) {
      throw new UsageException("--value-size: a value is at most 16Mi");
    }
    Invocation invocation = varve.invocation();
    try (VarveClient client = varve.connect()) {
      LoadItems items = new LoadItems(records, (int) valueSize.bytes());
      if (!noLoad) {
        load(client, items, invocation);
      }
      LoadRun run = new LoadRun(client, keyspace.name(), items, workload, chooser(items), threads);
      run.run(duration, new Progress(invocation, "workload " + workload));
      run.print(varve);
      return run.failures() == 0 ? ExitCode.DONE : ExitCode.FAILED;
    }
  }

  private ItemChooser chooser(LoadItems items) {
    return switch (distribution) {
      case ZIPFIAN -> ItemChooser.zipfian(records, items::count);
      case UNIFORM -> ItemChooser.uniform(items::count);
      case LATEST -> ItemChooser.latest(records, items::count);
      case WORKLOAD ->
          workload.latest()
              ? ItemChooser.latest(records, items::count)
              : ItemChooser.zipfian(records, items::count);
    };
  }

  private void load(VarveClient client, LoadItems items, Invocation invocation)
      throws InterruptedException {
    Progress progress = new Progress(invocation, "load");
    BatchWriter writer = new BatchWriter(client, keyspace.name(), "load");
    for (long item = 0; item < records; item++) {
      writer.put(item + 1, new EntryLine(items.key(item), items.newValue(), 0));
      progress.show(
          (double) writer.written() / records,
          () -> writer.written() + " of " + records + " records");
    }
    writer.finish();
    progress.clear();
  }
}
