set -eu
. ./space.sh
free_mib "$PGDATA"
