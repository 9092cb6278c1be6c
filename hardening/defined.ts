type Known<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] };
type Unknown<T> = { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };
/** The fields of T, of which those that may be undefined may be absent. */
export type Defined<T> = { [K in keyof (Known<T> & Unknown<T>)]: (Known<T> & Unknown<T>)[K] };

/** The same object without the fields that are undefined: the one place where "not set" becomes "not there". */
export function defined<const T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** A list of the one value, or of none where it is undefined: to be spread into a list. */
export const listed = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);
