export interface BpfErrorFields {
  readonly code: string;
  readonly errno: number;
  readonly op: string;
  readonly target: string;
  readonly done?: number;
  readonly verifierLog?: string;
  readonly cause?: unknown;
}

/** The only error this library throws. */
export class BpfError extends Error {
  override readonly name: string = 'BpfError';
  /**
   * The errno name (`EBUSY`), or one of the library's own: ECLOSED (used after dispose), ESIZE (wrong byte length),
   * EMISMATCH (a map or a pin is not what was expected), EINVAL (wrong argument; errno is 0 unless the kernel said
   * it), ELIBBPF (libbpf cannot make sense of the object file; errno is libbpf's), ECRASH (libbpf does not survive the
   * object file), EDIGEST (the object file is not the one that the caller knows).
   */
  readonly code: string;
  /** 0 when the kernel was not asked. */
  readonly errno: number;
  /** What was tried: `map_update_elem`, `prog_load`, ... */
  readonly op: string;
  /** On what: a name, a path, an interface. */
  readonly target: string;
  /** Entries that a failed batch had already applied. */
  readonly done?: number;
  /** Why the verifier refused a program. */
  readonly verifierLog?: string;

  constructor(message: string, fields: BpfErrorFields) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = fields.code;
    this.errno = fields.errno;
    this.op = fields.op;
    this.target = fields.target;
    if (fields.done !== undefined) this.done = fields.done;
    if (fields.verifierLog !== undefined) this.verifierLog = fields.verifierLog;
  }
}
