import { sqlStateOf } from '#libs/runtime';

/** SQLSTATE classes that speak of the content: data exception, integrity constraint, program limit exceeded. */
const CONTENT_CLASSES = ['22', '23', '54'];

/** True: these records can never be stored as they are. False: the weather (connection, timeout, deadlock), try again. */
export function isContentFailure(error: unknown): boolean {
  return CONTENT_CLASSES.includes(sqlStateOf(error)?.slice(0, 2) ?? '');
}
