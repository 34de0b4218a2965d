package dev.varve.operator.apply;

import java.util.concurrent.atomic.AtomicBoolean;

/** Whether this process may act. Asked before each action, because leading may end between two. */
public final class Leadership {

  private final AtomicBoolean leading = new AtomicBoolean();

  /** This process leads from now on. */
  public void gained() {
    leading.set(true);
  }

  /** This process does not lead any more; every further action is refused. */
  public void lost() {
    leading.set(false);
  }

  /** Whether this process leads. */
  public boolean held() {
    return leading.get();
  }

  /**
   * Passes while this process leads.
   *
   * @throws LostLeadershipException when it does not
   */
  public void require() {
    if (!leading.get()) {
      throw new LostLeadershipException();
    }
  }

  /** Another process leads now; what was planned here must not be done. */
  public static final class LostLeadershipException extends RuntimeException {
    LostLeadershipException() {
      super("another operator leads now");
    }
  }
}
