package dev.varve.store;

import java.util.List;

/** The store's figures at one moment. */
public record StoreStatus(LogState log, List<KeyspaceStatus> keyspaces, int adoptionBacklog) {
  public StoreStatus {
    keyspaces = List.copyOf(keyspaces);
  }
}
