/** Programs of others that this one is made with. The list is written by the build, out of `package-lock.json`. */
export interface Licence {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

export const LICENCES: readonly Licence[] = [];
