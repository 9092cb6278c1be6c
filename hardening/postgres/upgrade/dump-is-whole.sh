test -f /tmp/upgrade/done
