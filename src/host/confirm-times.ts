/** How long a confirmation may be waited for, in seconds. */
export const CONFIRM_DEFAULT = 600;
export const CONFIRM_LONGEST = 86_400;
