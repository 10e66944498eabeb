throw new Error('this plugin\n  cannot start');
