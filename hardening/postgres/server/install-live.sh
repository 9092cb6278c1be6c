## How the live files become the server's own: start.sh and reload.sh include this, and set `password` before.
# PostgreSQL takes a private key only from a file that nobody but its own user can read, and who may come in is nobody's
# business. cat, as cp would keep what a carrier's file has: 0400 is not what an audit looks for.
# shellcheck disable=SC2154 ##
install_live() {
  (
    umask 077
    for file in pg_hba.conf server.crt server.key; do
      [ -f "/run/secrets/$file" ] || continue
      cat "/run/secrets/$file" >"/var/run/postgresql/$file.next"
      mv "/var/run/postgresql/$file.next" "/var/run/postgresql/$file"
    done
    printf '%s' "$password" >"/var/run/postgresql/.superuser.next"
    mv "/var/run/postgresql/.superuser.next" "/var/run/postgresql/.superuser"
  )
}
