/** True in the build that tests drive: shadow roots are open then, and nothing else differs. */
declare const __TEST__: boolean;
