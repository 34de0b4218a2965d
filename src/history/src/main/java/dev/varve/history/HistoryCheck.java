package dev.varve.history;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a history is linearizable: whether there is one order of the operations, which
 * keeps to real time, in which each key is a register and explains every answer.
 *
 * <p>Each key is looked at alone, since a history is linearizable if each object's is (Herlihy and
 * Wing). A batch over several keys would need all of them at once: that it is seen whole is checked
 * by the sequences that answers name, and not at all where they name none. Sequences must also grow
 * with the order found. What is never read again is not checked: read all keys in the end.
 *
 * <p>Records that expire are not understood.
 */
public final class HistoryCheck {
  /** At so many states of one key's search it is given up. */
  public static final long STATES_MAX = 2_000_000;

  private final List<Operation> operations;
  private final long statesMax;
  private long states;

  private HistoryCheck(List<Operation> operations, long statesMax) {
    this.operations = operations;
    this.statesMax = statesMax;
  }

  /** Checks what was recorded so far, with {@link #STATES_MAX}. */
  public static Verdict check(History history) {
    return check(history, STATES_MAX);
  }

  /**
   * Checks what was recorded so far.
   *
   * @param statesMax at so many states of one key's search it is given up
   */
  public static Verdict check(History history, long statesMax) {
    return new HistoryCheck(history.operations(), statesMax).verdict();
  }

  private Verdict verdict() {
    String wrong = refusalWithoutReason();
    if (wrong == null) {
      wrong = SequenceOrder.contradiction(operations);
    }
    if (wrong != null) {
      return new Verdict(Verdict.Kind.VIOLATED, wrong, 0);
    }
    String tooLarge = null;
    for (KeyHistory key : KeyHistory.of(operations).values()) {
      RegisterSearch.Result result = new RegisterSearch(key.shares(), statesMax).run();
      states += result.states();
      if (result.isViolated()) {
        return new Verdict(Verdict.Kind.VIOLATED, explanation(key, result), states);
      }
      if (result.isTooLarge() && tooLarge == null) {
        tooLarge =
            key.key() + ": given up after " + result.states() + " states at\n  " + offender(result);
      }
    }
    return tooLarge == null
        ? new Verdict(Verdict.Kind.LINEARIZABLE, "", states)
        : new Verdict(Verdict.Kind.TOO_LARGE, tooLarge, states);
  }

  /** A refusal of a key without a condition, or one that names the version it should have. */
  private @Nullable String refusalWithoutReason() {
    for (Operation operation : operations) {
      if (operation.outcome() instanceof Outcome.Refused(String key, long current)) {
        for (Change change : operation.changes()) {
          boolean holds = !change.isConditional() || change.ifSequence() == current;
          if (change.key().equals(key) && holds) {
            return "refused although the condition holds:\n  " + operation;
          }
        }
      }
    }
    return null;
  }

  private String explanation(KeyHistory key, RegisterSearch.Result found) {
    Share offender = found.offender();
    if (offender == null) {
      throw new IllegalArgumentException("nothing is wrong with " + key.key());
    }
    List<Share> part = SmallestPart.of(key.shares(), offender, statesMax);
    RegisterSearch.Result result = new RegisterSearch(part, statesMax).run();
    StringBuilder text = new StringBuilder(key.key());
    text.append(": no order of its operations explains the answer of\n  ");
    text.append(offender(result));
    text.append("\nbefore which it may have held: ");
    List<String> held = new ArrayList<>();
    for (Register register : result.before()) {
      boolean isTold = register.isExact() && register.sequence() != 0;
      String sequence = isTold ? " of sequence " + register.sequence() : "";
      held.add(key.value(register.value()) + sequence);
    }
    text.append(String.join("; ", held));
    if (isFineWithoutSequences(part)) {
      text.append("\nThe values alone can be explained, their sequences contradict them.");
    }
    text.append("\nA part of its history that shows this, ");
    text.append(part.size()).append(" of ").append(key.shares().size()).append(" operations:");
    part.forEach(share -> text.append("\n  ").append(share.operation()));
    return text.toString();
  }

  private boolean isFineWithoutSequences(List<Share> shares) {
    List<Share> untold = new ArrayList<>();
    for (Share share : shares) {
      Share.Effect effect = share.effect();
      untold.add(
          new Share(
              share.operation(),
              new Share.Effect(
                  effect.sees(),
                  effect.seenValue(),
                  0,
                  effect.writes(),
                  effect.writtenValue(),
                  0)));
    }
    RegisterSearch.Result result = new RegisterSearch(untold, statesMax).run();
    return result.offender() == null;
  }

  private static String offender(RegisterSearch.Result result) {
    Share offender = result.offender();
    return offender == null ? "" : offender.operation().toString();
  }
}
