/** What install.sh says of AppArmor's profiles on a host: nothing is run here. */
import { fileText } from "../files";
import type { AppArmorFile } from "./apparmor";

/** Runs on the host as root, by `sh -s --` and the arguments of `installArgs`. */
export const INSTALL_SCRIPT = fileText(__dirname, "install.sh");

/** Where a host keeps profiles, so that a reboot loads them again. */
export const PROFILE_DIRECTORY = "/etc/apparmor.d";

/** `look` changes nothing. */
export type InstallAction = "look" | "install";

const FILE_STATES = ["new", "changed", "same"] as const;
export type FileState = (typeof FILE_STATES)[number];

export interface InstalledProfile {
  readonly name: string;
  /** The host's file before the script ran, beside the profile's text. */
  readonly file: FileState;
  /** The mode that the kernel names after the script ran, such as `enforce`; `none` where it has no such profile. */
  readonly mode: string;
}

const FAULTS = ["not-root", "no-apparmor", "no-parser", "refused", "not-loaded"] as const;
export type InstallFault = (typeof FAULTS)[number];

export type Installation =
  | { readonly host: string; readonly profiles: readonly InstalledProfile[] }
  /** @param subject the user, the file, the program or the profile that the fault is about */
  | { readonly fault: InstallFault; readonly subject: string };

/** The arguments of install.sh. */
export const installArgs = (action: InstallAction, files: readonly AppArmorFile[]): readonly string[] => [
  ...[action, "/", "apparmor_parser"],
  ...files.flatMap(({ name, text }) => [name, text]),
];

/** @returns undefined where the script did not come to its end */
export function parseInstallation(output: string): Installation | undefined {
  // A login shell may print a greeting before.
  const lines = output.split("\n").map((line) => line.split("\t"));
  if (!lines.some(([kind]) => kind === "end")) return undefined;
  const values = (kind: string): Map<string, string> =>
    new Map(lines.flatMap(([each, key = "", value = ""]) => (each === kind ? [[key, value] as const] : [])));
  for (const [key, subject] of values("fault")) {
    const fault = FAULTS.find((each) => each === key);
    return fault === undefined ? undefined : { fault, subject };
  }
  const modes = values("mode");
  const profiles = [...values("file")].flatMap(([name, state]) => {
    const file = FILE_STATES.find((each) => each === state);
    return file === undefined ? [] : [{ name, file, mode: modes.get(name) ?? "none" }];
  });
  return { host: values("host").get("name") ?? "", profiles };
}

export const isEnforced = ({ mode }: InstalledProfile): boolean => mode === "enforce";
