# shellcheck shell=bash
# The demo without Docker: three node processes on the loopback address that compact by themselves.
# shellcheck disable=SC2154 # root, logs and demo_* are dev's and demo.sh's

demo_members=(orders-0-0 orders-0-1 orders-0-2)
demo_first_port=19090
demo_endpoints=()

demo_node() { # INDEX: runs one member in this shell's place
  local member=${demo_members[$1]}
  mkdir -p "$demo_state/embedded/$member"
  exec env VARVE_MEMBER="$member" VARVE_CLUSTER=orders VARVE_PEERS="$demo_peers" \
    VARVE_LEASE_FILE="$demo_state/embedded/lease" VARVE_BOOTSTRAP="$(IFS=,; echo "${demo_members[*]}")" \
    VARVE_DATA_DIR="$demo_state/embedded/$member" VARVE_KEYSPACES=main:16Mi,objects \
    VARVE_HOST=127.0.0.1 VARVE_PORT=$((demo_first_port + $1)) VARVE_HTTP_PORT=0 \
    COMPACTION_INTERVAL=10 COMPACTION_THRESHOLD=0.3 CHECKPOINT_INTERVAL=5 \
    "$JAVA_HOME/bin/java" @"$root/node/jvm.options" -Xmx192m -jar "$root/node/target/quarkus-app/quarkus-run.jar"
}
demo_local_varve() { "$root/src/cli/src/main/dist/varve" "${demo_endpoints[@]}" "$@"; }
demo_await_ready() {
  local i try
  for i in 0 1 2; do
    for ((try = 0; try < 200; try++)); do
      if grep -q "^ready on" "$logs/demo-node-$i.log"; then break; fi
      sleep 0.3
    done
    grep "^ready on" "$logs/demo-node-$i.log" || { tail -n 40 "$logs/demo-node-$i.log"; return 1; }
  done
}
# The node's own check, every ten seconds, finds the dead bytes.
demo_await_own_compaction() {
  local try
  for ((try = 0; try < 60; try++)); do
    demo_local_varve events > "$demo_state/events.txt"
    demo_local_varve status > "$demo_state/after.txt"
    if grep -qi completed "$demo_state/events.txt" && demo_below_threshold "$demo_state/after.txt"; then return; fi
    last_line "$demo_state/events.txt"
    sleep 1
  done
  cat "$demo_state/events.txt" "$demo_state/after.txt"
  return 1
}
demo_below_threshold() { # STATUS: no member's main keyspace is dead by 0.3 or more
  awk '$3 == "main" { members++; for (i = 5; i <= 11; i++) if ($i ~ /^[01]\.[0-9][0-9]$/) dead = $i; if (dead >= 0.3) above++ }
    END { exit !(members == 3 && !above) }' "$1"
}

demo_embedded() { # KEEP
  local keep=$1 i round
  demo_stop
  rm -rf "$demo_state/embedded"
  mkdir -p "$demo_state/embedded"
  demo_peers=
  for i in 0 1 2; do
    demo_peers+=${demo_peers:+,}${demo_members[$i]}=127.0.0.1:$((demo_first_port + i))
    demo_endpoints+=(--endpoint "127.0.0.1:$((demo_first_port + i))")
  done
  if [ "$keep" = no ]; then cleanup_commands+=(demo_stop); fi
  for i in 0 1 2; do
    demo_node "$i" > "$logs/demo-node-$i.log" 2>&1 < /dev/null &
    echo $! >> "$demo_state/pids"
  done
  step "three members on 127.0.0.1:$demo_first_port to $((demo_first_port + 2))" demo-ready demo_await_ready
  for ((round = 1; round <= demo_rounds; round++)); do
    step "varve import, round $round of $demo_rounds" "demo-import-$round" demo_local_varve import "$demo_state/round-$round.ndjson"
    say "  $(last_line "$logs/demo-import-$round.log")"
  done
  step "deleting every tenth key" demo-delete demo_local_varve delete --file "$demo_state/deleted.txt"
  say
  say "Before, on every member ($ varve status; the nodes may have compacted once already):"
  demo_local_varve status
  step "waiting for the primary's own check (every 10 s)" demo-compaction demo_await_own_compaction
  say
  say "What the primary did ($ varve events):"
  cat "$demo_state/events.txt"
  say
  say "After, on every member ($ varve status):"
  cat "$demo_state/after.txt"
  say
  say "Left out without Kubernetes: the operator, StoreCluster, CompactionPolicy and Jobs, pods and volumes."
  if [ "$keep" = yes ]; then
    say "The members go on running: ./dev varve ${demo_endpoints[*]} status"
    say "  ./dev demo --stop"
  fi
}
