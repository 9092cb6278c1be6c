## Marks the volume; only once its server has shut down cleanly. The mark is its first argument.
set -eu
printf '%s' "$1" > /var/lib/postgresql/data/rampart-prepared.part
mv /var/lib/postgresql/data/rampart-prepared.part /var/lib/postgresql/data/rampart-prepared
sync
