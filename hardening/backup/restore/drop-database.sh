. ./superuser.sh
printf '%s\n' 'DROP DATABASE IF EXISTS :"name" WITH (FORCE);' | sql --dbname=postgres --set=name="$1"
