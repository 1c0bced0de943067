# Runs in a network and a mount namespace of its own: a network with one machine in it, a message bus, and Debian's avahi.
# Arguments: node, the script that talks to it.
mount -t tmpfs tmpfs /run && mkdir -p /run/dbus /run/avahi-daemon || exit 1
ip link set lo up
ip link add veth0 type veth peer name veth1
ip link set veth1 up
ip addr add 10.99.0.1/24 dev veth0
ip -6 addr add fd99::1/64 dev veth0 nodad
ip link set veth0 up multicast on
ip route add 224.0.0.0/4 dev veth0
dbus-daemon --system --nofork & bus=$!
sleep 0.5
avahi-daemon --no-drop-root --no-chroot --no-rlimits >/dev/null 2>&1 & avahi=$!
sleep 1.5
avahi-publish -s "Somebody's" _openclaw-gw._tcp 1234 role=gateway >/dev/null 2>&1 & publish=$!
"$1" "$2"
kill $publish $avahi $bus
