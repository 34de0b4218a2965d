#!/bin/bash
# Boots one Kubernetes node. Arguments it understands: --tls-san=NAME|IP (repeatable);
# every other k3s argument is accepted and ignored.
set -euo pipefail

home=/var/lib/kube
mkdir -p $home/{pki,log} /etc/rancher/k3s /etc/cni/net.d
cd $home
mount --make-rshared / || true

node=$(hostname)
ip=$(hostname -I | awk '{print $1}')
sans="DNS:localhost,DNS:$node,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:10.43.0.1,IP:$ip"
for argument in "$@"; do
  case $argument in
    --tls-san=*) san=${argument#--tls-san=}
      if [[ $san =~ ^[0-9.]+$ ]]; then sans+=",IP:$san"; else sans+=",DNS:$san"; fi ;;
  esac
done

# --- certificates ---------------------------------------------------------------------------
certificate() { # NAME SUBJECT
  openssl genrsa -out pki/$1.key 2048 2>/dev/null
  openssl req -new -key pki/$1.key -subj "$2" | openssl x509 -req -CA pki/ca.crt -CAkey pki/ca.key \
    -CAcreateserial -days 365 -extfile pki/extensions -extensions v3 -out pki/$1.crt 2>/dev/null
}
kubeconfig() { # NAME
  local k="kubectl config --kubeconfig=pki/$1.conf"
  $k set-cluster default --server=https://127.0.0.1:6443 --certificate-authority=pki/ca.crt --embed-certs
  $k set-credentials default --client-certificate=pki/$1.crt --client-key=pki/$1.key --embed-certs
  $k set-context default --cluster=default --user=default
  $k use-context default
}
if [ ! -f pki/ca.crt ]; then
  openssl genrsa -out pki/ca.key 2048 2>/dev/null
  openssl req -x509 -new -key pki/ca.key -subj /CN=kube-node-ca -days 365 -out pki/ca.crt
  printf '[v3]\nsubjectAltName=%s\nkeyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth,clientAuth\n' "$sans" > pki/extensions
  certificate apiserver /CN=kube-apiserver
  certificate admin     /O=system:masters/CN=admin
  certificate kubelet   "/O=system:nodes/CN=system:node:$node"
  certificate manager   /CN=system:kube-controller-manager
  certificate scheduler /CN=system:kube-scheduler
  certificate proxy     /CN=system:kube-proxy
  openssl genrsa -out pki/sa.key 2048 2>/dev/null
  openssl rsa -in pki/sa.key -pubout -out pki/sa.pub 2>/dev/null
  for who in admin kubelet manager scheduler proxy; do kubeconfig $who >/dev/null; done
fi
export KUBECONFIG=$home/pki/admin.conf

# --- control plane --------------------------------------------------------------------------
etcd --data-dir etcd --unsafe-no-fsync --listen-client-urls http://127.0.0.1:2379 \
  --advertise-client-urls http://127.0.0.1:2379 &> log/etcd.log &
kube-apiserver --etcd-servers=http://127.0.0.1:2379 --advertise-address=$ip --secure-port=6443 \
  --tls-cert-file=pki/apiserver.crt --tls-private-key-file=pki/apiserver.key --client-ca-file=pki/ca.crt \
  --service-account-key-file=pki/sa.pub --service-account-signing-key-file=pki/sa.key \
  --service-account-issuer=https://kubernetes.default.svc --service-cluster-ip-range=10.43.0.0/16 \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
  --kubelet-client-certificate=pki/admin.crt --kubelet-client-key=pki/admin.key \
  --kubelet-preferred-address-types=InternalIP --allow-privileged=true &> log/apiserver.log &

# --- container runtime ----------------------------------------------------------------------
cat > /etc/cni/net.d/10-bridge.conflist <<CNI
{"cniVersion":"1.0.0","name":"pods","plugins":[
 {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,"hairpinMode":true,
  "ipam":{"type":"host-local","ranges":[[{"subnet":"10.42.0.0/16"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
 {"type":"portmap","capabilities":{"portMappings":true}}]}
CNI
cat > containerd.toml <<TOML
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true # the host may withhold CAP_SYS_RESOURCE
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "/usr/local/bin/runc-within-bounds"
TOML
containerd -c containerd.toml &> log/containerd.log &

until_ready() { # SECONDS COMMAND...
  local tries=$(( $1 * 5 )); shift
  for ((i = 0; i < tries; i++)); do "$@" &> /dev/null && return; sleep 0.2; done
  echo "kube-node: gave up waiting for: $*" >&2
  tail -n 20 log/*.log >&2
  exit 1
}
until_ready 60 kubectl get --raw /readyz
until_ready 30 ctr version
for image in /images/*.tar; do ctr -n k8s.io images import $image > /dev/null; done

# --- node -----------------------------------------------------------------------------------
kube-controller-manager --kubeconfig=pki/manager.conf --authentication-kubeconfig=pki/manager.conf \
  --authorization-kubeconfig=pki/manager.conf --service-account-private-key-file=pki/sa.key \
  --root-ca-file=pki/ca.crt --use-service-account-credentials --leader-elect=false &> log/manager.log &
kube-scheduler --kubeconfig=pki/scheduler.conf --authentication-kubeconfig=pki/scheduler.conf \
  --authorization-kubeconfig=pki/scheduler.conf --leader-elect=false &> log/scheduler.log &
# On cgroup v1 the pods live below this container's own cgroup: two nodes on one machine would else clean up each
# other's pods, and what a node leaves behind goes with its container.
own_cgroup=$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
cat > kubelet.yaml <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $home/pki/ca.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
cgroupRoot: ${own_cgroup:-/}
failCgroupV1: false
failSwapOn: false
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
clusterDomain: cluster.local
clusterDNS: [10.43.0.10]
maxPods: 250
evictionHard: {memory.available: "100Mi", nodefs.available: "1%", imagefs.available: "1%"}
imageGCHighThresholdPercent: 100
YAML
kubelet --config=kubelet.yaml --kubeconfig=pki/kubelet.conf --hostname-override=$node --node-ip=$ip &> log/kubelet.log &
kube-proxy --kubeconfig=pki/proxy.conf --hostname-override=$node --cluster-cidr=10.42.0.0/16 \
  --proxy-mode=iptables --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 \
  --conntrack-tcp-timeout-close-wait=0 &> log/proxy.log & # the connection table is the host's, and often not ours to size
until_ready 60 sh -c 'kubectl get nodes | grep -q " Ready"'
kubectl apply -f /manifests > log/manifests.log

cp pki/admin.conf /etc/rancher/k3s/k3s.yaml
echo "Node controller sync successful"
wait -n || true # one component ending ends the node, so that a failure is seen
echo "kube-node: a component ended" >&2
tail -n 20 log/*.log >&2
exit 1
