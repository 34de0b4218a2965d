package dev.varve.store;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.varve.store.fuzz.Fuzzing;
import dev.varve.store.fuzz.Target;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;

/**
 * The decoders of {@link DecoderFuzzTest} under Jazzer, which looks for inputs that reach code not
 * reached before. No part of the build: {@code ./dev simulate} runs each for a while. What it finds
 * goes into the corpus, and so into the build.
 */
class DecoderFuzz {
  /** For each decoder. */
  private static final String DURATION = "20s";

  private static final Map<DecoderTargets, Target> TARGETS = new EnumMap<>(DecoderTargets.class);

  private static void decode(DecoderTargets decoder, byte[] input) throws IOException {
    Target target = TARGETS.get(decoder);
    if (target == null) {
      target = decoder.target();
      TARGETS.put(decoder, target);
    }
    Fuzzing.decode(target, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void segment(byte[] input) throws IOException {
    decode(DecoderTargets.SEGMENT, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void segmentName(byte[] input) throws IOException {
    decode(DecoderTargets.SEGMENT_NAME, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void streamEntry(byte[] input) throws IOException {
    decode(DecoderTargets.STREAM_ENTRY, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void hint(byte[] input) throws IOException {
    decode(DecoderTargets.HINT, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void runList(byte[] input) throws IOException {
    decode(DecoderTargets.RUN_LIST, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void keydirCheckpoint(byte[] input) throws IOException {
    decode(DecoderTargets.KEYDIR_CHECKPOINT, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void edit(byte[] input) throws IOException {
    decode(DecoderTargets.EDIT, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void manifest(byte[] input) throws IOException {
    decode(DecoderTargets.MANIFEST, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void durableMark(byte[] input) throws IOException {
    decode(DecoderTargets.DURABLE_MARK, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void cutIntent(byte[] input) throws IOException {
    decode(DecoderTargets.CUT_INTENT, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void repairMark(byte[] input) throws IOException {
    decode(DecoderTargets.REPAIR_MARK, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void backupManifest(byte[] input) throws IOException {
    decode(DecoderTargets.BACKUP_MANIFEST, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void events(byte[] input) throws IOException {
    decode(DecoderTargets.EVENTS, input);
  }

  @FuzzTest(maxDuration = DURATION)
  void replicaEntry(byte[] input) throws IOException {
    decode(DecoderTargets.REPLICA_ENTRY, input);
  }
}
