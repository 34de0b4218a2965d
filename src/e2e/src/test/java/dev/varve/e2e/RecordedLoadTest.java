package dev.varve.e2e;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What {@link LinearizabilityE2E} would say of a store that lies, and of one that does not. */
class RecordedLoadTest {
  private static final int CLIENTS = 4;
  private static final int ROUNDS = 4; // of progress

  @Test
  void nothingIsFoundWhereNothingIsWrong() {
    assertThatCode(() -> judge(FakeShard.Lie.NONE)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void aLieIsFound(FakeShard.Lie lie) {
    assertThatThrownBy(() -> judge(lie))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("VIOLATED");
  }

  private static void judge(FakeShard.Lie lie) {
    try (FakeShard shard = new FakeShard(lie)) {
      RecordedLoad load = new RecordedLoad("t", List.of(shard.address()), new SplittableRandom(1));
      try (load) {
        load.start(CLIENTS);
        for (int i = 0; i < ROUNDS; i++) {
          load.awaitProgress("against " + lie, 30);
        }
      }
      load.assertLinearizable();
    }
  }
}
