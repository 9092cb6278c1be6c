import { appArmorFiles } from "../hardening/confinement/apparmor";
import {
  INSTALL_SCRIPT,
  installArgs,
  isEnforced,
  parseInstallation,
  PROFILE_DIRECTORY,
  type InstallAction,
  type Installation,
  type InstalledProfile,
} from "../hardening/confinement/install";
import { faultOf } from "./apparmor-install/fault";
import { command, type Context } from "./shared/command";
import { stackFileFor } from "./shared/common-options";
import { engineHost } from "./shared/engine-host";
import { UserError } from "./shared/errors";
import { machineOption, runOn, unanswered, type Machine } from "./shared/machine";
import { stackFileOf } from "./shared/project";
import { consent } from "./shared/terminal";
import { DEFAULT_STACK } from "./shared/workspace";

/** A parser takes seconds for each profile on a small host. */
const SCRIPT_SECONDS = 90;

export const apparmorInstall = command({
  name: "apparmor install",
  summary: "writes the AppArmor profiles to the engine's host, and loads them",
  about:
    "Shows which profiles the machine of the engine has and which it would write to /etc/apparmor.d, asks, writes " +
    "them, loads them with `apparmor_parser`, and says whether the kernel enforces each. Runs here, or by ssh where " +
    "the engine's address is ssh:// or --host names the machine. It needs root there, or --sudo.",
  stack: "optional",
  options: {
    host: machineOption("the machine (default: the one of docker:host or DOCKER_HOST)"),
    sudo: { summary: "runs on the machine by `sudo -n`, for a user who is not root and needs no password for it" },
    yes: { short: "y", summary: "writes and loads without a question" },
    "config-file": stackFileFor("only for docker:host"),
  },
  run: async (context, { stack = DEFAULT_STACK, options }) => {
    const { root, env, print } = context;
    const engine =
      options.host ?? (await engineHost(stackFileOf(root, stack, options["config-file"])?.values["docker:host"], env));
    const machine: Machine = { address: addressOf(engine), sudo: options.sudo, env };
    const found = await ask(machine, "look");
    print.result(planText(found));
    if (found.profiles.every((profile) => profile.file === "same" && isEnforced(profile))) {
      print.ok("Every profile is on the host and in enforce mode: there is nothing to do.");
      return 0;
    }
    if (!options.yes && !(await agrees(context))) return 1;
    const { profiles } = await ask(machine, "install");
    for (const profile of profiles) {
      if (isEnforced(profile)) print.ok(`${profile.name} is in enforce mode.`);
      else print.missing(`${profile.name} is ${kernelSays(profile)}.`);
    }
    if (profiles.every(isEnforced)) return 0;
    throw new UserError("The files are written, but the kernel does not enforce every profile.", {
      hint: `See whether ${PROFILE_DIRECTORY}/disable or ${PROFILE_DIRECTORY}/force-complain on the host names it.`,
    });
  },
});

type Found = Exclude<Installation, { readonly fault: unknown }>;

/** @throws UserError where the engine's address does not say on which machine it runs */
function addressOf(engine: string): string | undefined {
  if (engine.startsWith("ssh://")) return engine;
  if (engine.startsWith("unix://")) return undefined;
  throw new UserError(`The engine is reached by ${engine.split(":")[0] ?? ""}, which does not name its machine.`, {
    hint: "Name the machine with --host ssh://user@machine.",
  });
}

/** @throws UserError where the machine does not answer, or profiles cannot be installed on it */
async function ask(machine: Machine, action: InstallAction): Promise<Found> {
  const args = installArgs(action, appArmorFiles({ complain: false }));
  const finished = await runOn(machine, { text: INSTALL_SCRIPT, args, timeoutSeconds: SCRIPT_SECONDS });
  const installation = parseInstallation(finished.stdout);
  if (installation === undefined) throw unanswered(machine, finished, "the script did not come to its end");
  if ("fault" in installation) throw faultOf(machine, installation, finished.stderr);
  return installation;
}

function planText({ host, profiles }: Found): string {
  const paths = profiles.map(({ name }) => `${PROFILE_DIRECTORY}/${name}`);
  const width = Math.max(...paths.map((path) => path.length));
  return [
    `AppArmor profiles on ${host}:`,
    ...profiles.map(
      (profile, index) => `  ${(paths[index] ?? "").padEnd(width)}  ${profile.file.padEnd(7)}  ${kernelSays(profile)}`,
    ),
    "They are loaded with:",
    ...paths.map((path) => `  apparmor_parser -r ${path}`),
  ].join("\n");
}

const kernelSays = ({ mode }: InstalledProfile): string => (mode === "none" ? "not loaded" : `in ${mode} mode`);

async function agrees({ print, env }: Context): Promise<boolean> {
  const question = consent(env);
  const agreed = await question?.("Write the files and load the profiles? [y/N] ");
  if (agreed === true) return true;
  print.progress(`Nothing was written.${question === undefined ? " To do it, add --yes." : ""}`);
  return false;
}
