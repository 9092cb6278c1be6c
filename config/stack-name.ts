/** What every command takes for a stack's name: letters, digits, `.`, `_` and `-`, at most 100, as Pulumi does. */
export const isStackName = (text: string): boolean => /^[A-Za-z0-9._-]{1,100}$/.test(text);
