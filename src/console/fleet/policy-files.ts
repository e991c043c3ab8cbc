/** Files as they go to the API with the policy that names them. */

async function base64Of(file: File): Promise<string> {
  const reader = new FileReader();
  const done = new Promise<void>((resolve, reject) => {
    reader.onload = () => resolve();
    reader.onerror = () => reject(reader.error ?? new Error(`cannot read ${file.name}`));
  });
  reader.readAsDataURL(file);
  await done;
  // `data:TYPE;base64,CONTENT`
  return String(reader.result).split(',')[1] ?? '';
}

/** By their names, as a policy beside them names them. */
export async function filesOf(files: readonly File[]): Promise<Record<string, { readonly base64: string }>> {
  const entries = await Promise.all(files.map(async (file) => [file.name, { base64: await base64Of(file) }] as const));
  return Object.fromEntries(entries);
}
