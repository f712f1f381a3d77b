"""The console: where CRM staff look at a night's campaigns in a browser, and decide."""
