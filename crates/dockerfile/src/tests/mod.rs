mod properties;
mod scanning;
mod scripts;
