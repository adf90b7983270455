/** The group of operations that say no other. */
export const DEFAULT_GROUP = 'default';
