package dev.varve.store;

import dev.varve.store.format.HintTarget;
import dev.varve.store.format.KeydirCheckpointTarget;
import dev.varve.store.format.RunListTarget;
import dev.varve.store.format.SegmentNameTarget;
import dev.varve.store.format.StreamEntryTarget;
import dev.varve.store.fuzz.Target;
import dev.varve.store.manifest.EditTarget;
import dev.varve.store.recovery.BackupManifestTarget;
import dev.varve.store.recovery.CutIntentTarget;
import dev.varve.store.recovery.DurableMarkTarget;
import dev.varve.store.recovery.ManifestTarget;
import dev.varve.store.recovery.RepairMarkTarget;
import dev.varve.store.segment.SegmentTarget;
import java.io.IOException;

/** All decoders of what comes from a disk or another member. */
enum DecoderTargets {
  SEGMENT,
  SEGMENT_NAME,
  STREAM_ENTRY,
  HINT,
  RUN_LIST,
  KEYDIR_CHECKPOINT,
  EDIT,
  MANIFEST,
  DURABLE_MARK,
  CUT_INTENT,
  REPAIR_MARK,
  BACKUP_MANIFEST,
  EVENTS,
  REPLICA_ENTRY;

  Target target() throws IOException {
    return switch (this) {
      case SEGMENT -> new SegmentTarget();
      case SEGMENT_NAME -> new SegmentNameTarget();
      case STREAM_ENTRY -> new StreamEntryTarget();
      case HINT -> new HintTarget();
      case RUN_LIST -> new RunListTarget();
      case KEYDIR_CHECKPOINT -> new KeydirCheckpointTarget();
      case EDIT -> new EditTarget();
      case MANIFEST -> new ManifestTarget();
      case DURABLE_MARK -> new DurableMarkTarget();
      case CUT_INTENT -> new CutIntentTarget();
      case REPAIR_MARK -> new RepairMarkTarget();
      case BACKUP_MANIFEST -> new BackupManifestTarget();
      case EVENTS -> new EventTarget();
      case REPLICA_ENTRY -> new ReplicaEntryTarget();
    };
  }
}
