package dev.varve.store.manifest;

import dev.varve.store.format.SegmentId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the edits up to some sequence add up to. Not for several threads.
 *
 * <p>This is the logical state: a committed compaction's outputs have taken the place of its inputs
 * here, although a member may not have adopted it yet.
 */
public final class ManifestState {
  /**
   * The path of the manifest's file; in the log it stays the same when a roll replaces the file.
   */
  public static final String PATH = "_manifest/" + new SegmentId(0, 1).name() + ".log";

  /** The directory of the manifest's file. */
  public static final String DIRECTORY = "_manifest";

  /** A keyspace: its sealed segments, oldest first, and the active one. */
  public static final class KeyspaceState {
    private final String name;
    private final KeyspaceType type;
    private final long segmentBytes;
    private final List<Edit.SegmentFile> sealed = new ArrayList<>();
    private @Nullable SegmentId active;
    private Edit.@Nullable SegmentFile activeBase;
    private long highestNumber;
    private long lastCompactionMs;
    private CutOff cutOff = CutOff.NONE;
    private long droppedUpTo;

    KeyspaceState(String name, KeyspaceType type, long segmentBytes) {
      this.name = name;
      this.type = type;
      this.segmentBytes = segmentBytes;
    }

    private KeyspaceState(ManifestSnapshot.KeyspaceThen then, long snapshotSequence) {
      this(then.name(), then.type(), then.segmentBytes());
      sealed.addAll(then.sealed());
      active = then.active();
      activeBase = then.activeBase();
      highestNumber = then.highestNumber();
      lastCompactionMs = then.lastCompactionMs();
      cutOff = then.cutOff();
      droppedUpTo = then.droppedUpTo();
      if (droppedUpTo == Edit.Compaction.DROPPED_UNKNOWN) {
        droppedUpTo = lastCompactionMs == 0 ? 0 : snapshotSequence;
      }
    }

    private ManifestSnapshot.KeyspaceThen then() {
      return new ManifestSnapshot.KeyspaceThen(
          name,
          type,
          segmentBytes,
          List.copyOf(sealed),
          active,
          activeBase,
          highestNumber,
          lastCompactionMs,
          cutOff,
          droppedUpTo);
    }

    private KeyspaceState copy() {
      KeyspaceState copy = new KeyspaceState(name, type, segmentBytes);
      copy.sealed.addAll(sealed);
      copy.active = active;
      copy.activeBase = activeBase;
      copy.highestNumber = highestNumber;
      copy.lastCompactionMs = lastCompactionMs;
      copy.cutOff = cutOff;
      copy.droppedUpTo = droppedUpTo;
      return copy;
    }

    /** As the edit that made it named it. */
    public String name() {
      return name;
    }

    /** Keys and values, or a stream. Never changes. */
    public KeyspaceType type() {
      return type;
    }

    /** The size in bytes beyond which a segment is followed by another. */
    public long segmentBytes() {
      return segmentBytes;
    }

    /** The segments that are complete, oldest first, without the active one. */
    public List<Edit.SegmentFile> sealed() {
      return List.copyOf(sealed);
    }

    /** The segment being appended to; null before the first roll. */
    public @Nullable SegmentId active() {
      return active;
    }

    /**
     * What of the active segment was copied to it before it became active, and is verified as a
     * whole; null where all of it was appended.
     */
    public Edit.@Nullable SegmentFile activeBase() {
      return activeBase;
    }

    /** The highest segment number that any edit gave out. */
    public long highestNumber() {
      return highestNumber;
    }

    /** When the last compaction ended, in wall-clock milliseconds; 0: never. */
    public long lastCompactionMs() {
      return lastCompactionMs;
    }

    /** What is hidden. */
    public CutOff cutOff() {
      return cutOff;
    }
  }

  /**
   * A compaction.
   *
   * @param sequence the sequence of its edit
   * @param inputs the files of its inputs, in the order they had in the keyspace
   * @param swap whether it is a single file's: the output was active from the edit on
   */
  public record SequencedCompaction(
      long sequence, Edit.Compaction edit, List<Edit.SegmentFile> inputs, boolean swap) {}

  private final Map<String, KeyspaceState> keyspaces = new LinkedHashMap<>();
  private final List<TermStart> termStarts = new ArrayList<>();
  private final List<SequencedCompaction> compactions = new ArrayList<>();
  private final TimeMarks timeMarks = new TimeMarks();
  private List<String> membership = List.of();
  private Layout layout = Layout.SEGMENTED;
  private long requestHorizon;
  private long checkpoint;
  private long sequence;
  private long term;
  private List<RecordedEdit.Tail> tails = List.of();

  /** What no edits add up to. */
  public ManifestState() {}

  /**
   * What a snapshot stands for.
   *
   * @throws InconsistentEditException if it contradicts itself
   */
  public ManifestState(ManifestSnapshot snapshot) throws InconsistentEditException {
    for (ManifestSnapshot.KeyspaceThen then : snapshot.keyspaces()) {
      KeyspaceState keyspace = new KeyspaceState(then, snapshot.sequence());
      if (keyspaces.putIfAbsent(then.name(), keyspace) != null) {
        throw new InconsistentEditException("keyspace " + then.name() + " is there twice");
      }
    }
    snapshot.timeMarks().forEach(timeMarks::add);
    if (!timeMarks.all().equals(snapshot.timeMarks())) {
      throw new InconsistentEditException("the time marks of the snapshot are out of order");
    }
    termStarts.addAll(snapshot.termStarts());
    compactions.addAll(snapshot.compactions());
    membership = snapshot.membership();
    layout = snapshot.layout();
    checkpoint = snapshot.checkpoint();
    requestHorizon = snapshot.requestHorizon();
    sequence = snapshot.sequence();
    term = snapshot.term();
    tails = snapshot.tails();
  }

  /**
   * A snapshot of this state.
   *
   * @param offset where the edits applied so far end in the log
   * @param committed the highest sequence known to be committed
   * @param logEnd the last sequence in the log
   */
  public ManifestSnapshot snapshot(
      long offset, long committed, long logEnd, List<ManifestSnapshot.KeydirMark> keydirs) {
    return new ManifestSnapshot(
        offset,
        committed,
        logEnd,
        sequence,
        term,
        tails,
        termStarts,
        layout,
        checkpoint,
        requestHorizon,
        membership,
        timeMarks.all(),
        keyspaces.values().stream().map(KeyspaceState::then).toList(),
        compactions,
        keydirs);
  }

  /**
   * Forgets the compactions of which no opening needs to know any more: this directory has adopted
   * them, and a checkpoint or forced deletion has let their inputs go. After one that stays all
   * later ones of its keyspace stay: whether it is adopted may show by their outputs alone. A
   * keyspace's last swap stays, since its closed file may still have to be put aside.
   *
   * @param firstNotAdopted the sequence of the first one that is not adopted here; {@link
   *     Long#MAX_VALUE} when all are
   */
  public void forgetCompactions(long firstNotAdopted) {
    Map<String, Long> lastSwaps = new HashMap<>();
    for (SequencedCompaction compaction : compactions) {
      if (compaction.swap()) {
        lastSwaps.put(compaction.edit().keyspace(), compaction.sequence());
      }
    }
    Set<String> staying = new HashSet<>();
    compactions.removeIf(
        compaction -> {
          String keyspace = compaction.edit().keyspace();
          boolean letGo =
              compaction.swap()
                  ? compaction.sequence() < lastSwaps.getOrDefault(keyspace, 0L)
                  : compaction.edit().forceDelete() || compaction.sequence() <= checkpoint;
          boolean forgotten =
              letGo && compaction.sequence() < firstNotAdopted && !staying.contains(keyspace);
          if (!forgotten) {
            staying.add(keyspace);
          }
          return forgotten;
        });
  }

  /** A state of its own that is equal to this one. */
  public ManifestState copy() {
    ManifestState copy = new ManifestState();
    keyspaces.forEach((name, keyspace) -> copy.keyspaces.put(name, keyspace.copy()));
    copy.termStarts.addAll(termStarts);
    copy.compactions.addAll(compactions);
    copy.timeMarks.addAll(timeMarks);
    copy.membership = membership;
    copy.layout = layout;
    copy.checkpoint = checkpoint;
    copy.requestHorizon = requestHorizon;
    copy.sequence = sequence;
    copy.term = term;
    copy.tails = tails;
    return copy;
  }

  /**
   * Applies the next edit.
   *
   * @throws InconsistentEditException if it contradicts the state, which is unchanged then
   */
  public void apply(RecordedEdit recorded) throws InconsistentEditException {
    switch (recorded.edit()) {
      case Edit.TermStarted started -> {
        if (!termStarts.isEmpty() && termStarts.getLast().term() >= started.term()) {
          throw new InconsistentEditException(
              "term " + started.term() + " starts after a later one");
        }
        termStarts.add(new TermStart(started.term(), recorded.sequence()));
      }
      case Edit.KeyspaceAdded added -> {
        KeyspaceState keyspace =
            new KeyspaceState(added.keyspace(), added.type(), added.segmentBytes());
        if (keyspaces.putIfAbsent(added.keyspace(), keyspace) != null) {
          throw new InconsistentEditException("keyspace " + added.keyspace() + " added twice");
        }
      }
      case Edit.Roll roll -> applyRoll(roll);
      case Edit.Compaction compaction -> applyCompaction(recorded.sequence(), compaction);
      case Edit.Swap swap -> applySwap(recorded.sequence(), swap);
      case Edit.LayoutChosen chosen -> {
        if (!keyspaces.isEmpty()) {
          throw new InconsistentEditException("a layout is chosen after a keyspace was added");
        }
        layout = chosen.layout();
      }
      case Edit.Checkpoint _ -> checkpoint = recorded.sequence();
      case Edit.Membership changed -> membership = changed.memberIds();
      case Edit.CutOff cutOff -> applyCutOff(recorded.sequence(), cutOff);
      case Edit.RequestHorizon horizon -> {
        rejectFuture(recorded.sequence(), horizon.sequence(), "request horizon");
        if (horizon.sequence() < 1) {
          throw new InconsistentEditException("a request horizon of " + horizon.sequence());
        }
        requestHorizon = Math.max(requestHorizon, horizon.sequence());
      }
      case Edit.TimeMark mark -> {
        rejectFuture(recorded.sequence(), mark.sequence(), "time mark");
        timeMarks.add(mark);
      }
    }
    sequence = recorded.sequence();
    term = recorded.term();
    tails = recorded.tails();
  }

  private void applyCutOff(long editSequence, Edit.CutOff edit) throws InconsistentEditException {
    KeyspaceState keyspace = known(edit.keyspace());
    rejectFuture(editSequence, edit.sequence(), "cut-off");
    keyspace.cutOff = keyspace.cutOff.raisedTo(new CutOff(edit.sequence(), edit.firstId()));
  }

  /** What is not written yet must not be hidden, or taken for older than it is. */
  private static void rejectFuture(long editSequence, long named, String what)
      throws InconsistentEditException {
    if (named > editSequence) {
      throw new InconsistentEditException(
          "the " + what + " of sequence " + editSequence + " names " + named + ", a later one");
    }
  }

  private void applyRoll(Edit.Roll roll) throws InconsistentEditException {
    KeyspaceState keyspace = known(roll.keyspace());
    Edit.SegmentFile closed = roll.closed();
    SegmentId closedId = closed == null ? null : closed.id();
    if (!java.util.Objects.equals(keyspace.active, closedId)) {
      throw new InconsistentEditException(
          "roll closes " + closedId + " but " + keyspace.active + " is active");
    }
    if (closed != null) {
      keyspace.sealed.add(closed);
    }
    keyspace.active = roll.opened();
    keyspace.activeBase = null;
    keyspace.highestNumber = Math.max(keyspace.highestNumber, roll.opened().number());
  }

  private void applyCompaction(long sequence, Edit.Compaction compaction)
      throws InconsistentEditException {
    KeyspaceState keyspace = known(compaction.keyspace());
    rejectFuture(sequence, compaction.droppedUpTo(), "compaction");
    TreeSet<SegmentId> inputs = new TreeSet<>(compaction.inputs());
    int at = -1;
    List<Edit.SegmentFile> found = new ArrayList<>();
    for (int i = 0; i < keyspace.sealed.size(); i++) {
      if (inputs.contains(keyspace.sealed.get(i).id())) {
        at = at < 0 ? i : at;
        found.add(keyspace.sealed.get(i));
      }
    }
    if (found.size() != compaction.inputs().size()) {
      throw new InconsistentEditException(
          "compaction " + compaction.runId() + " has inputs that are not sealed segments");
    }
    keyspace.highestNumber = Math.max(keyspace.highestNumber, compaction.runs().number());
    for (Edit.SegmentFile output : compaction.outputs()) {
      keyspace.highestNumber = Math.max(keyspace.highestNumber, output.id().number());
    }
    keyspace.sealed.addAll(Math.max(at, 0), compaction.outputs());
    keyspace.sealed.removeIf(file -> inputs.contains(file.id()));
    keyspace.lastCompactionMs = compaction.timeMs();
    boolean told = compaction.droppedUpTo() != Edit.Compaction.DROPPED_UNKNOWN;
    keyspace.droppedUpTo =
        Math.max(keyspace.droppedUpTo, told ? compaction.droppedUpTo() : sequence);
    // As a snapshot has it: members roll theirs apart, and are to say the same.
    Edit.Compaction untold = compaction.telling(Edit.Compaction.DROPPED_UNKNOWN);
    compactions.add(new SequencedCompaction(sequence, untold, List.copyOf(found), false));
  }

  private void applySwap(long sequence, Edit.Swap swap) throws InconsistentEditException {
    KeyspaceState keyspace = known(swap.keyspace());
    if (!swap.closed().id().equals(keyspace.active)) {
      throw new InconsistentEditException(
          "swap closes " + swap.closed().id() + " but " + keyspace.active + " is active");
    }
    keyspace.active = swap.opened().id();
    keyspace.activeBase = swap.opened();
    keyspace.highestNumber =
        Math.max(
            keyspace.highestNumber, Math.max(swap.opened().id().number(), swap.runs().number()));
    keyspace.lastCompactionMs = swap.timeMs();
    keyspace.droppedUpTo = sequence; // its edit does not tell: it dropped nothing later
    compactions.add(
        new SequencedCompaction(sequence, swap.compaction(), List.of(swap.closed()), true));
  }

  private KeyspaceState known(String name) throws InconsistentEditException {
    KeyspaceState keyspace = keyspaces.get(name);
    if (keyspace == null) {
      throw new InconsistentEditException("keyspace " + name + " does not exist");
    }
    return keyspace;
  }

  /**
   * Of a keyspace's changes those with higher sequences are all in its segments; of others a
   * compaction may have dropped some, a cut-off hides some, or a repair has lost some. It never
   * falls, and is the same on all members.
   */
  public long changesGoneUpTo(String keyspace) {
    // A log begins with a term's start, its first sequence. Only a manifest that a repair made anew
    // begins later: behind all records, of which it does not tell which ones are missing.
    long beforeAll = termStarts.isEmpty() ? 0 : termStarts.getFirst().firstSequence() - 1;
    KeyspaceState state = keyspaces.get(keyspace);
    return state == null
        ? beforeAll
        : Math.max(beforeAll, Math.max(state.droppedUpTo, state.cutOff.sequence() - 1));
  }

  /** How the keyspaces lie. */
  public Layout layout() {
    return layout;
  }

  /** By name, in the order of their creation; don't change it. */
  public Map<String, KeyspaceState> keyspaces() {
    return keyspaces;
  }

  /** The sequence of the last edit; 0: none. */
  public long sequence() {
    return sequence;
  }

  /** Where each term begins in the log, oldest first. */
  public List<TermStart> termStarts() {
    return List.copyOf(termStarts);
  }

  /** The ids of the members that count, empty for a store that is not replicated. */
  public List<String> membership() {
    return membership;
  }

  /** The sequence of the last checkpoint; 0: none. */
  public long checkpoint() {
    return checkpoint;
  }

  /** The sequence up to which requests may be forgotten; 0: none is remembered at all. */
  public long requestHorizon() {
    return requestHorizon;
  }

  /** When what was written; don't change it. */
  public TimeMarks timeMarks() {
    return timeMarks;
  }

  /** The compactions that are not forgotten, oldest first. */
  public List<SequencedCompaction> compactions() {
    return List.copyOf(compactions);
  }
}
