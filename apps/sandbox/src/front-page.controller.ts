import { Controller, Get, Header } from '@nestjs/common';
import { Partners } from './partners.js';

/** Where a person who opens the address finds out what this is. */
@Controller()
export class FrontPageController {
  constructor(private readonly partners: Partners) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  show(): string {
    const controls = this.partners.names.map(
      (name) =>
        `<li>${name}: <a href="/control/${name}/calls">calls</a>, <a href="/control/${name}/state">state</a>, <a href="/control/${name}/faults">faults</a></li>`,
    );
    return `<!DOCTYPE html><html lang="pt-BR"><head><title>Ponte sandbox</title></head><body>
<h1>Sandbox: somente para testes e demonstrações</h1>
<p lang="en">Sandbox: for tests and demos only. Everything here is simulated; no document belongs to anybody.</p>
<ul><li>ERP: <a href="/erp/titles">titles</a>, <a href="/erp/registers">registers</a>, <a href="/erp/outbox/summary">outbox</a></li>${controls.join('')}</ul>
</body></html>`;
  }
}
