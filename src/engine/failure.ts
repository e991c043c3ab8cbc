/** Errors of the kernel, in terms of what the user can do about them. */
import { BpfError } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';

const LOG_LINES = 12;

/** A BpfError with the next step where there is one; anything else as it is. */
export function explainFailure(error: unknown): unknown {
  if (!(error instanceof BpfError)) return error;
  if (error.verifierLog !== undefined && error.verifierLog !== '') {
    const lines = error.verifierLog.trimEnd().split('\n');
    const shown = lines.slice(-LOG_LINES).reverse().join('\n  ');
    return new EnvironmentError(
      'XDPOL_E_VERIFIER',
      `the kernel's verifier refused ${error.target}; last lines first:\n  ${shown}`,
      {
        help: 'xdpol needs Linux 6.1 or newer with BTF and the BPF JIT',
        cause: error,
      },
    );
  }
  if (error.code === 'EPERM' || error.code === 'EACCES') {
    return new EnvironmentError('XDPOL_E_PERMISSION', `the kernel refused ${error.op} ${error.target}: ${error.code}`, {
      help: 'run it with sudo, outside a user namespace: it needs CAP_SYS_ADMIN and, for clsact filters, CAP_NET_ADMIN, and write access to the BPF file system',
      cause: error,
    });
  }
  if (error.code === 'ENOMEM' || error.code === 'E2BIG') {
    return new EnvironmentError('XDPOL_E_MEMORY', `the kernel has no room for ${error.target}: ${error.message}`, {
      help: 'raise the memory limit of this service or shell (ulimit -l, MemoryMax=), or use a smaller policy',
      cause: error,
    });
  }
  return new EnvironmentError('XDPOL_E_KERNEL', error.message, { cause: error });
}
