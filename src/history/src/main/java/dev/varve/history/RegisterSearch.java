package dev.varve.history;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Looks for an order of one key's operations that explains all answers and keeps to real time. It
 * goes through invocations and answers as they were recorded and keeps all configurations that may
 * be true (Lowe, "Testing for linearizability", just-in-time linearization): at an answer, each of
 * them is brought, in all ways, to where that operation is in the order. When none can be, the
 * history is not linearizable, and that operation is where it shows.
 *
 * <p>Three things keep the configurations few, without losing an order:
 *
 * <ul>
 *   <li>A read goes into the order as soon as what it saw is there, since it changes nothing.
 *   <li>A write without an outcome is taken for done only right before somebody sees it: unseen, it
 *       might as well never have happened. So those that nobody sees cost nothing. Of
 *       interchangeable ones only the number counts.
 *   <li>Of two configurations that differ only in what they have used of these, the one that used
 *       less is enough.
 * </ul>
 */
final class RegisterSearch {
  private static final int PLACES = Long.SIZE;

  /**
   * @param offender where it showed, or the search was given up; null: an order was found
   * @param before what the key may have held before the offender's answer
   */
  record Result(@Nullable Share offender, Set<Register> before, boolean isTooLarge, long states) {
    boolean isViolated() {
      return offender != null && !isTooLarge;
    }
  }

  private record Event(long ticket, int share, boolean isAnswer) {}

  private static final class TooLarge extends Exception {
    private static final long serialVersionUID = 1L;
  }

  private final List<Share> shares;
  private final long statesMax;
  private final @Nullable Share[] underWay = new @Nullable Share[PLACES];
  private final int[] places;

  /** The kinds of operations without an outcome, and how many of each were begun. */
  private final Map<Share.Effect, Integer> numbers = new HashMap<>();

  private final List<Share.Effect> kinds = new ArrayList<>();
  private final int[] begun;
  private Configurations configurations = new Configurations();
  private long states;

  RegisterSearch(List<Share> shares, long statesMax) {
    this.shares = shares;
    this.statesMax = statesMax;
    this.places = new int[shares.size()];
    for (Share share : shares) {
      if (share.isUnknown() && numbers.putIfAbsent(share.effect(), kinds.size()) == null) {
        kinds.add(share.effect());
      }
    }
    this.begun = new int[kinds.size()];
  }

  Result run() {
    configurations.add(new Configuration(0, Register.EMPTY, false, new int[kinds.size()]));
    for (Event event : events()) {
      Share share = shares.get(event.share());
      Configurations before = configurations;
      try {
        if (event.isAnswer()) {
          answered(places[event.share()]);
        } else {
          invoked(event.share(), share);
        }
      } catch (TooLarge e) {
        return new Result(share, Set.of(), true, states);
      }
      if (configurations.isEmpty()) {
        Set<Register> registers = new LinkedHashSet<>();
        before.forEach(one -> registers.add(one.register()));
        return new Result(share, registers, false, states);
      }
    }
    return new Result(null, Set.of(), false, states);
  }

  private List<Event> events() {
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < shares.size(); i++) {
      Operation operation = shares.get(i).operation();
      events.add(new Event(operation.invoked(), i, false));
      if (!shares.get(i).isUnknown()) {
        events.add(new Event(operation.answered(), i, true));
      }
    }
    events.sort(Comparator.comparingLong(Event::ticket));
    return events;
  }

  private void invoked(int index, Share share) throws TooLarge {
    if (share.isUnknown()) {
      Integer kind = numbers.get(share.effect());
      if (kind != null) {
        begun[kind]++;
      }
      return;
    }
    int place = Arrays.asList(underWay).indexOf(null);
    if (place < 0) {
      throw new TooLarge();
    }
    underWay[place] = share;
    places[index] = place;
    Configurations next = new Configurations();
    configurations.forEach(
        one -> {
          Configuration settled = settled(one);
          if (settled != null) {
            next.add(settled);
          }
        });
    configurations = next;
  }

  private void answered(int place) throws TooLarge {
    Configurations next = new Configurations();
    Configurations visited = new Configurations();
    Deque<Configuration> open = new ArrayDeque<>();
    configurations.forEach(
        one -> {
          if (one.has(place)) {
            next.add(one.without(place));
          } else if (visited.add(one)) {
            open.add(one);
          }
        });
    while (!open.isEmpty()) {
      Configuration one = open.remove();
      for (Configuration following : following(one)) {
        if (following.has(place)) {
          next.add(following.without(place));
        } else if (visited.add(following)) {
          open.add(following);
        }
        if (++states > statesMax) {
          throw new TooLarge();
        }
      }
    }
    underWay[place] = null;
    configurations = next;
  }

  /** All that one more operation makes of a configuration. */
  private List<Configuration> following(Configuration one) {
    List<Configuration> following = new ArrayList<>();
    for (int place = 0; place < PLACES; place++) {
      Share share = underWay[place];
      if (share == null || one.has(place) || (one.unseen() && !share.effect().sees())) {
        continue;
      }
      Register after = share.effect().on(one.register());
      Configuration settled = after == null ? null : settled(one.then(place, after));
      if (settled != null) {
        following.add(settled);
      }
    }
    for (int kind = 0; kind < begun.length; kind++) {
      Share.Effect effect = kinds.get(kind);
      if (one.used()[kind] == begun[kind] || (one.unseen() && !effect.sees())) {
        continue;
      }
      Register after = effect.on(one.register());
      Configuration used = after == null ? null : one.thenUnknown(kind, after);
      Configuration settled = used == null || !isSeen(used) ? null : settled(used);
      if (settled != null) {
        following.add(settled);
      }
    }
    return following;
  }

  /** Whether somebody could see what this configuration's key holds, right away. */
  private boolean isSeen(Configuration one) {
    for (int place = 0; place < PLACES; place++) {
      Share share = underWay[place];
      if (share != null && !one.has(place) && sees(share.effect(), one.register())) {
        return true;
      }
    }
    for (int kind = 0; kind < begun.length; kind++) {
      if (one.used()[kind] < begun[kind] && sees(kinds.get(kind), one.register())) {
        return true;
      }
    }
    return false;
  }

  private static boolean sees(Share.Effect effect, Register register) {
    return effect.sees() && effect.on(register) != null;
  }

  /**
   * With all reads in the order that fit as it is; null if something can't get into it any more.
   */
  private @Nullable Configuration settled(Configuration one) {
    Configuration settled = one;
    for (int place = 0; place < PLACES; place++) {
      Share share = underWay[place];
      if (share == null || one.has(place)) {
        continue;
      }
      Share.Effect effect = share.effect();
      if (effect.isTooLateFor(one.register())) {
        return null;
      }
      if (!effect.writes() && one.register().equals(effect.on(one.register()))) {
        settled = settled.then(place, one.register());
      }
    }
    return settled;
  }
}
