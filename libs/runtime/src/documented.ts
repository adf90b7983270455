import 'reflect-metadata';

/** What the API documentation tells of a route besides its path, parameters and body, which are read from the code. */
export interface RouteDocumentation {
  /** One line, English. */
  summary: string;
  /** The class of the answer … */
  answer?: new () => object;
  /** … or of each item of a plain list … */
  list?: new () => object;
  /** … or of each item of a cursor page. */
  page?: new () => object;
}

const DOCUMENTATION = Symbol('route documentation');

/** Costs nothing at start: the OpenAPI machinery reads it when somebody asks for `/docs`. */
export function Documented(documentation: RouteDocumentation): MethodDecorator {
  return (_prototype, _name, descriptor) =>
    Reflect.defineMetadata(DOCUMENTATION, documentation, descriptor.value as object);
}

export function documentationOf(handler: object): RouteDocumentation | undefined {
  return Reflect.getMetadata(DOCUMENTATION, handler) as RouteDocumentation | undefined;
}
