/**
 * A new version of an installed program, taken so that the machine is never left without one that works.
 *
 * The new one is unpacked beside the present one and has to answer there; what the gateway keeps is backed up; the two change places;
 * the gateway has to come up with the new one and stay up. Where it does not, the present one comes back by itself, and so does what
 * it keeps if it can no longer read it. Nothing here fetches a version: whoever calls it has the file.
 */
export { changeProgram, type ProgramChange, type UpdateWorld } from "./update/change-program.ts";
export { openChildRunner, openServiceRunner, type Runner } from "./update/runner.ts";
export { readPackageFile, stageProgram, type PackageFile } from "./update/stage-program.ts";
export {
  mustBeWritable, placeOfProgram, readPrevious, writePrevious, type Previous, type ProgramPlace,
} from "./update/program-place.ts";
