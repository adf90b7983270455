export { ACCESS_MIGRATIONS, AccessModule } from './access.module.js';
export { CurrentCaller, Public, RequirePermission, SignedIn } from './access-decorators.js';
export { withAccess, readTokenRules, type AccessVariables } from './access-environment.js';
export { Caller, missingPermission, type Grant, type Territory } from './caller.js';
export { isPermission, PERMISSIONS, type Permission, type PermissionLabel } from './permissions.js';
export { isRole, ROLES, type Role } from './roles.js';
export { routesOf, type Route } from './route-audit.js';
export { TokenVerifier, type TokenRules } from './token-verifier.js';
