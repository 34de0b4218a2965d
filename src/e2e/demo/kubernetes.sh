# shellcheck shell=bash
# The demo on a real Kubernetes: one node in a container, the chart, a StoreCluster and a CompactionPolicy.
# shellcheck disable=SC2154 # root, docker, helm, the images' names and demo_* are dev's and demo.sh's

demo_kubectl() { "$docker" exec -i "$demo_container" kubectl --kubeconfig /etc/rancher/k3s/k3s.yaml "$@"; }
demo_varve() { demo_kubectl exec -i -n "$demo_namespace" workbench -- varve --endpoint orders:9090 "$@"; }

demo_start_node() {
  "$docker" run -d --name "$demo_container" --hostname "$demo_container" --privileged --cgroupns=host \
    -v /sys/fs/cgroup:/sys/fs/cgroup:rw --tmpfs /run --tmpfs /var/run -p 127.0.0.1::6443 \
    "$cluster_image" server --disable=traefik --tls-san=localhost > /dev/null
  local try
  for ((try = 0; try < 600; try++)); do
    if "$docker" logs "$demo_container" 2>&1 | grep -q "Node controller sync successful"; then return; fi
    [ "$("$docker" inspect --format '{{.State.Running}}' "$demo_container")" = true ] || break
    sleep 0.3
  done
  "$docker" logs --tail 40 "$demo_container"
  return 1
}
demo_load_images() {
  "$docker" save "$node_image" "$operator_image" | "$docker" exec -i "$demo_container" ctr -n k8s.io images import -
}
demo_helm() {
  KUBECONFIG=$demo_state/kubeconfig "$helm" "$@"
}
demo_kubeconfig() {
  local port
  port=$("$docker" port "$demo_container" 6443/tcp | head -n 1 | sed 's/.*://')
  "$docker" exec "$demo_container" cat /etc/rancher/k3s/k3s.yaml |
    sed "s#https://127.0.0.1:6443#https://localhost:$port#" > "$demo_state/kubeconfig"
  chmod 600 "$demo_state/kubeconfig"
}

demo_apply_store() {
  demo_kubectl create namespace "$demo_namespace"
  demo_kubectl apply -n "$demo_namespace" -f - << YAML
apiVersion: varve.dev/v1beta1
kind: StoreCluster
metadata: {name: orders, labels: {team: checkout}}
spec:
  replicas: 3
  keyspaces:
  - {name: main, segmentSize: 16Mi}
  - {name: objects}
---
apiVersion: v1
kind: Pod
metadata: {name: workbench}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 0
  securityContext: {runAsNonRoot: true, runAsUser: 10001, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: workbench
    image: $node_image
    command: [sleep, infinity]
    resources: {limits: {memory: 512Mi}}
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    volumeMounts: [{name: tmp, mountPath: /tmp}]
  volumes: [{name: tmp, emptyDir: {}}]
YAML
  demo_kubectl wait -n "$demo_namespace" --for=condition=Ready storecluster/orders pod/workbench --timeout=180s
}
demo_import() { demo_varve import - < "$1"; }
demo_delete() { demo_varve delete --file - < "$demo_state/deleted.txt"; }
demo_apply_policy() {
  demo_kubectl apply -n "$demo_namespace" -f - << 'YAML'
apiVersion: varve.dev/v1beta1
kind: CompactionPolicy
metadata: {name: minutely}
spec:
  clusterSelector: {matchLabels: {team: checkout}}
  schedule: "* * * * *"
  trigger: {minDeadRatio: "0.3"}
YAML
}
# Returns when the policy's own schedule has led to a completed run; prints what it says meanwhile.
demo_await_compaction() {
  local try
  for ((try = 0; try < 400; try++)); do
    if [ -n "$(demo_kubectl get -n "$demo_namespace" vcp minutely -o 'jsonpath={.status.lastSuccessTime}')" ]; then return; fi
    if ((try % 10 == 0)); then
      demo_kubectl get -n "$demo_namespace" vcp minutely \
        -o 'jsonpath={"next tick "}{.status.nextScheduleTime}{"  "}{.status.targets[0].decision}{" "}{.status.targets[0].message}{"\n"}'
    fi
    sleep 0.5
  done
  demo_kubectl describe -n "$demo_namespace" vcp minutely
  return 1
}
# A checkpoint lets the retired segments go; replicas adopt the run a moment after the primary.
demo_await_members() {
  demo_varve checkpoint
  local try
  for ((try = 0; try < 60; try++)); do
    demo_varve status > "$demo_state/after.txt"
    if [ "$(demo_main_totals "$demo_state/after.txt" | sort -u | wc -l)" = 1 ]; then return; fi
    sleep 0.5
  done
  cat "$demo_state/after.txt"
  return 1
}
demo_main_totals() { awk '$3 == "main" { print $6 $7 }' "$1"; }

demo_kubernetes() { # KEEP
  local keep=$1 round
  choose_cluster_image
  find_helm
  images
  demo_stop
  if [ "$keep" = no ]; then cleanup_commands+=(demo_stop); fi
  step "starting a Kubernetes node ($cluster_image)" demo-node demo_start_node
  demo_kubeconfig
  step "loading the images into it" demo-images demo_load_images
  step "helm install varve charts/varve" demo-helm demo_helm install varve "$root/charts/varve" \
    --namespace varve-system --create-namespace --wait --timeout 3m
  step "a StoreCluster of three members" demo-store demo_apply_store
  for ((round = 1; round <= demo_rounds; round++)); do
    if ((round == 1)); then
      step "varve import, into a quorum of three" demo-import-1 demo_import "$demo_state/round-1.ndjson"
    else
      step "rewriting nine of ten, round $((round - 1))" "demo-import-$round" demo_import "$demo_state/round-$round.ndjson"
    fi
    say "  $(last_line "$logs/demo-import-$round.log")"
  done
  step "deleting every tenth key" demo-delete demo_delete
  say
  say "Before, on every member ($ varve status):"
  demo_varve status
  say
  demo_apply_policy
  step "waiting for the policy's own schedule (every minute) to compact" demo-compaction demo_await_compaction
  step "a checkpoint, so that retired segments go" demo-members demo_await_members
  say
  say "After, on every member ($ varve status):"
  cat "$demo_state/after.txt"
  say
  say "$ kubectl describe compactionpolicy minutely"
  demo_kubectl describe -n "$demo_namespace" compactionpolicy minutely
  say
  say "$ kubectl get vcp,vstore"
  demo_kubectl get -n "$demo_namespace" vcp,vstore
  say
  if [ "$keep" = yes ]; then
    say "It goes on running. To look around:"
    say "  export KUBECONFIG=$demo_state/kubeconfig    # namespace $demo_namespace"
    say "  docker exec $demo_container kubectl --kubeconfig /etc/rancher/k3s/k3s.yaml -n $demo_namespace get all"
    say "  ./dev demo --stop"
  fi
}
