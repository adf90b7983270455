import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { invalidRequest, type ProblemError } from './problem.js';

/** Bodies and queries are their class-validator class or a 400 that names every mistake. Unknown properties are mistakes. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: false,
    exceptionFactory: (errors) => invalidRequest(toProblemErrors(errors)),
  });
}

/** Flattens class-validator's tree into JSON pointers. */
export function toProblemErrors(errors: ValidationError[], parent = ''): ProblemError[] {
  return errors.flatMap((error) => {
    const pointer = `${parent}/${error.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const own = Object.values(error.constraints ?? {}).map((detail) => ({ pointer, detail }));
    return [...own, ...toProblemErrors(error.children ?? [], pointer)];
  });
}
