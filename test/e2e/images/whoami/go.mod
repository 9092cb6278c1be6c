module rampart.test/whoami

go 1.24
