// Never deployed: the policy pack stops its preview.
const docker = require("@pulumi/docker");

new docker.Container("agent", {
  image: "portainer/agent:latest",
  privileged: true,
  volumes: [{ hostPath: "/var/run/docker.sock", containerPath: "/var/run/docker.sock" }],
  ports: [{ internal: 9001, external: 9001 }],
});
