# Connects to the host's own IPv6 address as a client would: in the host's network, to the port that is given.
# Writes "none" where the host has no such address, "answered" where TLS got an answer, else "closed".
set -eu
# Address, index, prefix, scope (00: global), flags, interface. The engine's own bridges are no client's way.
address=$(
  while read -r hex _ _ scope _ name; do
    case $scope-$name in 00-br-* | 00-docker* | 00-lo | 00-veth*) ;; 00-*) echo "$hex" && break ;; esac
  done </proc/net/if_inet6 | sed 's/..../&:/g; s/:$//'
)
if [ -z "$address" ]; then
  echo none
  exit 0
fi
# The smallest greeting of TLS 1.2; the answer is an alert, as it names no host. The input stays open: at its end nc
# would hang up before the answer.
greet() {
  printf '\026\003\001\000\055\001\000\000\051\003\003%s\000\000\002\023\001\001\000' 0123456789abcdef0123456789abcdef
  sleep 5
}
# The edge may still be starting.
for _ in 1 2 3 4; do
  if [ "$(greet | busybox nc -w 5 "$address" "$1" | head -c 1 | wc -c)" -gt 0 ]; then
    echo answered
    exit 0
  fi
done
echo closed
