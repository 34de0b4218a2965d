package dev.varve.replication;

import java.util.ArrayList;
import java.util.List;

/** How the membership changes: decisions alone, without I/O. */
final class MembershipRule {
  private MembershipRule() {}

  /**
   * Whether another change may be proposed: majorities of neighbouring memberships overlap, those
   * of distant ones need not. Until a record of the primary's own term is committed, it does not
   * know of which membership its own is the neighbour.
   *
   * @param termStartSequence the sequence of this term's start record
   * @param changing whether a change is proposed and not known to be committed
   */
  static boolean mayChange(long termStartSequence, long committed, boolean changing) {
    return !changing && committed >= termStartSequence;
  }

  /**
   * The next membership on the way to {@code id} being a member: without the lost one of its name,
   * or with it.
   */
  static List<MemberId> towards(List<MemberId> members, MemberId id) {
    List<MemberId> changed = new ArrayList<>(members);
    if (!changed.removeIf(member -> member.name().equals(id.name()))) {
      changed.add(id);
    }
    return List.copyOf(changed);
  }
}
