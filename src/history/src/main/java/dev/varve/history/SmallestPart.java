package dev.varve.history;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Takes away from a key's history that is not linearizable what is not needed to show it. Only what
 * can't make a linearizable history wrong by being absent is taken: reads, and writes together with
 * all who see them.
 */
final class SmallestPart {
  private SmallestPart() {}

  /**
   * @param offender at whose answer it showed
   */
  static List<Share> of(List<Share> shares, Share offender, long statesMax) {
    List<Share> part = new ArrayList<>(shares);
    part.removeIf(share -> share.operation().invoked() > offender.operation().answered());
    part = smaller(part, reads(part), statesMax);
    Set<Integer> values = new HashSet<>();
    for (Share share : part) {
      if (share.effect().writes()) {
        values.add(share.effect().writtenValue());
      }
    }
    for (int value : values) {
      part = smaller(part, List.of(ofValue(part, value)), statesMax);
    }
    return smaller(part, reads(part), statesMax);
  }

  /** Without each of these groups that is not needed. */
  private static List<Share> smaller(List<Share> shares, List<Set<Share>> groups, long statesMax) {
    List<Share> part = shares;
    for (Set<Share> group : groups) {
      List<Share> left = new ArrayList<>(part);
      if (left.removeAll(group) && new RegisterSearch(left, statesMax).run().isViolated()) {
        part = left;
      }
    }
    return part;
  }

  /** Each read alone. */
  static List<Set<Share>> reads(List<Share> shares) {
    return shares.stream().filter(share -> !share.effect().writes()).map(Set::of).toList();
  }

  /**
   * The writes of a value and those who saw it; for {@link Register#NOTHING} deletes. None if
   * another value's write may depend on them.
   */
  static Set<Share> ofValue(List<Share> shares, int value) {
    Set<Share> group = new HashSet<>();
    Set<Long> sequences = new HashSet<>();
    for (Share share : shares) {
      Share.Effect effect = share.effect();
      if (effect.writes() && effect.writtenValue() == value) {
        group.add(share);
        sequences.add(effect.writtenSequence());
      }
    }
    for (Share share : shares) {
      Share.Effect effect = share.effect();
      if (!effect.sees()) {
        continue;
      }
      boolean perhaps =
          effect.seenValue() == Register.ANY_VALUE
              && value != Register.NOTHING
              && (sequences.contains(0L) || sequences.contains(effect.seenSequence()));
      boolean writesAnother =
          effect.seenValue() == value && effect.writes() && effect.writtenValue() != value;
      if (perhaps || writesAnother) {
        return Set.of();
      }
      if (effect.seenValue() == value) {
        group.add(share);
      }
    }
    return group;
  }
}
