# shellcheck shell=bash
# `./dev demo`: Varve's main job on real data. Sourced by dev, whose functions and variables it uses.
# shellcheck disable=SC2154 # root, docker, helm and the images' names are dev's

demo_state=$root/.varve/demo
demo_container=varve-demo
demo_namespace=shop
demo_rounds=4 # the import and three rewrites

command_demo() {
  local keep=no form=kubernetes
  while (($# > 0)); do
    case $1 in
      --keep) keep=yes ;;
      --embedded) form=embedded ;;
      --stop)
        demo_stop
        return
        ;;
      *) fail "demo: unknown option $1 (known: --keep, --stop, --embedded)" ;;
    esac
    shift
  done
  find_toolchain
  say "Java $(jdk_major "$JAVA_HOME") in $JAVA_HOME, Maven $maven"
  build_if_changed
  mkdir -p "$demo_state"
  if [ "$form" = kubernetes ] && ! ensure_engine; then
    say "$no_engine"
    say "So this shows the embedded form. It leaves out Kubernetes and with it the operator, StoreCluster,"
    say "CompactionPolicy, Jobs and their status: here the primary itself compacts in the background."
    form=embedded
  fi
  # shellcheck source=src/e2e/demo/kubernetes.sh
  # shellcheck source=src/e2e/demo/embedded.sh
  source "$root/src/e2e/demo/$form.sh"
  demo_data
  "demo_$form" "$keep"
  say "✓ the demo took $SECONDS s"
}

# --- the data -------------------------------------------------------------------------------------------------

# Makes round-1.ndjson to round-N.ndjson and deleted.txt in the demo's folder.
demo_data() {
  local source records
  if command -v apt-cache > /dev/null && demo_has_package_index; then
    source="the package index that apt keeps"
    step "turning $source into NDJSON" demo-data demo_from_apt
  else
    source="YCSB records (no package index here)"
    step "writing $source as NDJSON" demo-data demo_from_ycsb
  fi
  records=$(wc -l < "$demo_state/round-1.ndjson")
  [ "$records" -ge 10000 ] || fail "only $records records came out of $source"
  say "  $records records, $(du -h "$demo_state/round-1.ndjson" | cut -f 1); then $((demo_rounds - 1)) times 9 of 10 anew; $(wc -l < "$demo_state/deleted.txt") keys deleted"
}
demo_has_package_index() {
  if [ -n "$(apt-cache dumpavail 2> /dev/null | head -n 1)" ]; then return; fi
  if [ "$(id -u)" = 0 ]; then step "apt-get update (its package index is the demo's data)" apt-get apt-get update -qq; fi
  [ -n "$(apt-cache dumpavail 2> /dev/null | head -n 1)" ]
}
demo_from_apt() {
  local round
  for ((round = 1; round <= demo_rounds; round++)); do
    apt-cache dumpavail | awk -v round="$round" -f "$root/src/e2e/demo/packages.awk" > "$demo_state/round-$round.ndjson"
  done
  demo_deletions
}
demo_from_ycsb() {
  local round
  for ((round = 1; round <= demo_rounds; round++)); do
    awk -v round="$round" -f "$root/src/e2e/demo/ycsb.awk" > "$demo_state/round-$round.ndjson"
  done
  demo_deletions
}
demo_deletions() { # every tenth key
  awk -F '"' 'NR % 10 == 5 { print $4 }' "$demo_state/round-1.ndjson" > "$demo_state/deleted.txt"
}

demo_stop() {
  local pid
  if find_docker; then
    if [ -n "$("$docker" ps -aq --filter "name=^$demo_container$")" ]; then
      "$docker" rm -f -v "$demo_container" > /dev/null
      say "the demo's Kubernetes is gone"
    fi
  fi
  if [ -e "$demo_state/pids" ]; then
    while read -r pid; do kill "$pid" 2> /dev/null || true; done < "$demo_state/pids"
    rm -f "$demo_state/pids"
    say "the demo's processes are ended"
  fi
}
