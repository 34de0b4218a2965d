package dev.varve.store;

import dev.varve.store.fuzz.Fuzzing;
import dev.varve.store.fuzz.Target;
import java.io.IOException;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every decoder, given the committed corpus and changed copies of it: it returns or throws what it
 * declares for damage, allocates no more than the input justifies, comes to an end, and what it
 * accepts is what a writer writes, byte for byte (pitfall 6; guards: the checksums and {@code
 * RecordCodec.checkHeader}).
 */
@ExtendWith(QuietLog.class)
class DecoderFuzzTest {

  @ParameterizedTest
  @EnumSource
  void theCorpusIsWhatIsWrittenToday(DecoderTargets decoder) throws IOException {
    Fuzzing.checkCorpus(decoder.target());
  }

  @ParameterizedTest
  @EnumSource
  void acceptsWhatIsWrittenAndRefusesTheRestAsDamage(DecoderTargets decoder)
      throws IOException, InterruptedException {
    Target target = decoder.target();
    Fuzzing.run(target);
  }
}
