import type { InstallFault } from "../../hardening/confinement/install";
import { UserError } from "../shared/errors";
import type { Machine } from "../shared/machine";

/** What keeps profiles from being installed, and the way out. @param stderr what the parser said */
export function faultOf(
  { address }: Machine,
  { fault, subject }: { readonly fault: InstallFault; readonly subject: string },
  stderr: string,
): UserError {
  const where = address ?? "This host";
  const said = stderr.trim() === "" ? "" : `:\n${stderr.trim()}`;
  switch (fault) {
    case "not-root":
      return new UserError(
        `${where}: only root may load AppArmor profiles, and this is ${subject}. Nothing was written.`,
        {
          hint: "Add --sudo, or run the command as root.",
        },
      );
    case "no-apparmor":
      return new UserError(`${where}: the kernel has no AppArmor (there is no ${subject}). Nothing was written.`, {
        hint:
          "A kernel with SELinux takes no AppArmor profiles: leave confinement.appArmor out. On Debian and " +
          "Ubuntu boot " +
          "with apparmor=1 security=apparmor. Docker Desktop's machine has none.",
      });
    case "no-parser":
      return new UserError(`${where}: the program ${subject} is missing. Nothing was written.`, {
        hint: "Install the package apparmor on the host: `sudo apt-get install apparmor`.",
      });
    case "refused":
      return new UserError(
        `${where}: the host's apparmor_parser refuses ${subject}. Nothing was written${said || "."}`,
        {
          hint: "The profiles are for AppArmor 2.13 to 4.",
        },
      );
    case "not-loaded":
      return new UserError(`${where}: the files are written, but ${subject} could not be loaded${said || "."}`, {
        hint: "Mend what the message names, then run the command again.",
      });
    default: {
      const unknown: never = fault;
      throw new Error(`not a fault: ${JSON.stringify(unknown)}`);
    }
  }
}
