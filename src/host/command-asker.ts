/** Who runs this process, behind sudo too. */
import { currentUser } from '../store/store.ts';
import type { Asker } from './context.ts';
import { ownSshConnection } from './guard/ssh-connection.ts';

/** Behind sudo the user who called it; root alone can be believed that. */
export function commandAsker(): Asker {
  const { SUDO_UID: behindSudo } = process.env;
  const own = process.getuid?.() ?? null;
  const isBehindSudo = own === 0 && behindSudo !== undefined && /^\d{1,10}$/u.test(behindSudo);
  const uid = isBehindSudo ? Number(behindSudo) : own;
  return {
    who: currentUser(),
    uid,
    via: 'command',
    // Asked for by few verbs; the processes that it is looked for in take longer to read than a short policy.
    get ssh() {
      return ownSshConnection();
    },
  };
}
