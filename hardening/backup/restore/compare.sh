. ./superuser.sh
sql --dbname=postgres
