. ./superuser.sh
psql --no-psqlrc --no-password --dbname="$1" --file=-
