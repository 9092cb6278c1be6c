. ./superuser.sh
sql --single-transaction --output=/dev/null --dbname="$1"
