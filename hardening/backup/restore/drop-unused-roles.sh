. ./superuser.sh
for role in "$@"; do
  if printf '%s\n' 'DROP ROLE :"role";' | sql --dbname=postgres --set=role="$role" 2>/dev/null; then echo "$role"; fi
done
