# Process 1 of the guest: bash init.sh FOLDER PYTHON. Its root is this machine's file system, on which it must leave no trace:
# it goes on in a copy that forgets. FOLDER, which is this machine's own, holds what to do and takes what came of it.
set -eu
folder=$1 python=$2
if [ "${3-}" != copy ]; then
  mount -t tmpfs -o size=50% none /mnt
  mkdir /mnt/upper /mnt/work /mnt/root
  mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work none /mnt/root
  exec chroot /mnt/root /bin/bash "$0" "$folder" "$python" copy
fi
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts none /dev/pts
mount -t tmpfs none /dev/shm
mount -t tmpfs -o mode=755 none /run
ln -s /proc/self/fd /dev/fd
ln -s /proc/self/fd/1 /dev/stdout
mount -t hostfs -o "$folder" none "$folder"
ip link set lo up
status=0
bash "$folder/command" >"$folder/output" 2>&1 </dev/null || status=$?
echo "$status" >"$folder/status"
# There is no init system to ask, and this kernel has no SysRq: RB_POWER_OFF of reboot(2).
exec "$python" -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321FEDC)'
